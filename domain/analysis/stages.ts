import { spearman } from '../ranking/index.ts';
import { ranksOf } from '../ranking/table.ts';
import type { Scores } from '../results.ts';
import type { ScenarioAgreement, StageAgreement } from './analysis.ts';
import { rankAgreement } from './rank-agreement.ts';

/** How far the open stage's ranking foretells the closed one's; null where the table has one stage only. */
export function stageAgreement({ models, seed }: Scores): StageAgreement | null {
  const [open, closed] = [models.map((model) => model.open), models.map((model) => model.closed)];
  if (isEmpty(open) || isEmpty(closed)) return null;
  const [openRanks, closedRanks] = [presentRanks(open), presentRanks(closed)];
  return {
    ...rankAgreement(open, closed, `stages ${seed}`),
    ranks: models.map(({ id, rank }, index) => ({ id, open: openRanks[index] ?? null, closed: closedRanks[index] ?? null, full: rank })),
  };
}

/** Spearman between every two scenarios and the full score, each over the models that have both. */
export function scenarioAgreement({ models }: Scores, scenarios: readonly string[]): ScenarioAgreement {
  const lists = [...scenarios.map((name) => models.map((model) => model.scenarios[name] ?? null)), models.map(({ full }) => full)];
  return { scenarios: [...scenarios], spearman: lists.map((left) => lists.map((right) => presentSpearman(left, right))) };
}

/** Competition ranks by decreasing score; null where there is no score, which is not the last place. */
export function presentRanks(scores: readonly (number | null)[]): (number | null)[] {
  return ranksOf(scores).map((rank, index) => (scores[index] === null ? null : rank));
}

function presentSpearman(left: readonly (number | null)[], right: readonly (number | null)[]): number | null {
  const both = left.flatMap((value, index) => (value === null || (right[index] ?? null) === null ? [] : [index]));
  return spearman(both.map((index) => left[index] ?? 0), both.map((index) => right[index] ?? 0));
}

function isEmpty(scores: readonly (number | null)[]): boolean {
  return scores.every((score) => score === null);
}
