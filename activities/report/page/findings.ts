import type { Analysis } from '../../../domain/analysis/index.ts';
import { count, figure, probability } from '../wording.ts';

/** A figure in large, and the sentence that says what it is. */
export interface Finding {
  value: string;
  text: string;
}

/** Holm-corrected p below which two neighbours count as told apart. */
const significance = 0.05;
/** The rank distance that the number of questions is named for. */
const goodDistance = 1;

/** What a reader should know who reads nothing else. */
export function findingsOf(analysis: Analysis): Finding[] {
  return [...apart(analysis), ...stages(analysis), ...turnedOver(analysis), ...enough(analysis)];
}

function apart({ pairs }: Analysis): Finding[] {
  const tested = pairs.filter(({ test }) => test !== undefined);
  if (tested.length === 0) return [];
  const told = tested.filter(({ test }) => (test?.pHolm ?? 1) < significance).length;
  return [{ value: `${told} of ${tested.length}`, text: 'neighbours in the ranking are told apart by their items (at 5\u00a0%, Holm)' }];
}

function stages({ stageAgreement }: Analysis): Finding[] {
  if (!stageAgreement || stageAgreement.spearman === null) return [];
  const { spearman, p } = stageAgreement;
  return [{ value: figure(spearman), text: `Spearman between the open and the closed stage’s ranking (p ${probability(p)})` }];
}

function turnedOver({ ranking: { stability, models } }: Analysis): Finding[] {
  if (stability.length === 0) return [];
  const affecting = stability.filter(({ turnedOver: pairs }) => pairs.length > 0).length;
  return [{ value: `${affecting} of ${models.length}`, text: 'models turn the order of others over when they are left out' }];
}

function enough({ coarse }: Analysis): Finding[] {
  const found = coarse?.bySize.find(({ rankDistance }) => rankDistance <= goodDistance);
  if (!found) return [];
  return [{ value: found.questions.toLocaleString('en'), text: `questions keep 95\u00a0% of the ranks within ${goodDistance} of the full ranking’s (${count(found.size, 'item')} a scenario)` }];
}
