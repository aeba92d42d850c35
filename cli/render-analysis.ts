import type { Analysis } from '../domain/analysis/index.ts';
import { renderScores } from './render-scores.ts';
import { columns } from './terminal.ts';

/** The analysis in the terminal: the ranking, then what it rests on. */
export function renderAnalysis(analysis: Analysis): string {
  return [renderScores(analysis.ranking), ...stageLines(analysis), ...coarseLines(analysis), ...pairLines(analysis), ...timeLines(analysis)].join('\n');
}

function stageLines({ stageAgreement }: Analysis): string[] {
  if (!stageAgreement) return [];
  const { spearman, kendall, p, models } = stageAgreement;
  return ['', `Open and closed stage over ${models} models: Spearman ${text(spearman)}, Kendall ${text(kendall)}, p ${text(p)}`];
}

function coarseLines({ coarse }: Analysis): string[] {
  if (!coarse || coarse.bySize.length === 0) return [];
  const rows = coarse.bySize.map(({ size, questions, spearman, kendall, rankDistance }) => [String(size), String(questions), text(spearman), text(kendall), `±${rankDistance}`]);
  return ['', 'Ranking by a few items against all:', ...columns([['items', 'questions', 'Spearman', 'Kendall', '95 % of ranks'], ...rows])];
}

function pairLines({ pairs }: Analysis): string[] {
  const rows = pairs.map(({ above, below, test, decidedBy, turnedBy }) => [
    `${above} > ${below}`,
    test ? test.pHolm.toFixed(3) : '',
    decidedBy.scenarios.join(', ') || 'none alone',
    turnedBy ? `${turnedBy.count} of ${turnedBy.of} items of ${turnedBy.scenario}` : '',
  ]);
  return ['', 'What decides each place:', ...columns([['pair', 'p (Holm)', 'scenarios', 'turned by removing'], ...rows])];
}

function timeLines({ trainingTime }: Analysis): string[] {
  if (!trainingTime) return [];
  return ['', `Training time and score over ${trainingTime.models} models: Spearman ${text(trainingTime.spearman)}, p ${text(trainingTime.p)}`];
}

function text(value: number | null): string {
  return value === null ? 'none' : value.toFixed(3);
}
