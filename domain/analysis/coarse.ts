import { rankAgreementBySize } from '../ranking/index.ts';
import type { Results } from '../results.ts';
import type { CoarseAgreement } from './analysis.ts';
import { completeItems } from './complete-items.ts';

/** Draws per size: the mean correlation is then known to about 0.01. */
const rounds = 200;
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/** Agreement of rankings by a few items a scenario with that by all of them (Flash-HELM's question). Null where no two models have items. */
export function coarseAgreement(results: Results, seed: string): CoarseAgreement | null {
  const complete = completeItems(results);
  if (!complete) return null;
  const { models, leftOut, scenarios } = complete;
  const lengths = scenarios.map(({ items }) => items[0]?.length ?? 0);
  const drawn = sizes.filter((size) => size < Math.max(...lengths));
  return {
    rounds,
    models,
    leftOut,
    scenarios: scenarios.map(({ name }, index) => ({ name, items: lengths[index] ?? 0 })),
    bySize: rankAgreementBySize(scenarios.map(({ items }) => items), drawn, { seed, rounds }).map((agreement) => ({
      ...agreement,
      questions: lengths.reduce((sum, length) => sum + Math.min(length, agreement.size), 0),
    })),
  };
}
