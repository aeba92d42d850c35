import { kendallTauB, spearman } from '../ranking/index.ts';
import { seededRandom, shuffled } from '../random.ts';
import type { RankAgreement } from './analysis.ts';

/** Shuffles of the permutation test: a p of 0.05 is then known to within 0.01. */
const permutations = 2_000;
/** Correlations that differ by rounding alone count as equally extreme. */
const tolerance = 1e-12;

/** Agreement of two lists of scores of the same models, over the models that have both. */
export function rankAgreement(left: readonly (number | null)[], right: readonly (number | null)[], seed: string): RankAgreement {
  const pairs = left.flatMap((value, index) => {
    const other = right[index] ?? null;
    return value === null || other === null ? [] : [[value, other] as const];
  });
  const [one, two] = [pairs.map(([value]) => value), pairs.map(([, value]) => value)];
  const observed = spearman(one, two);
  return { spearman: observed, kendall: kendallTauB(one, two), p: observed === null ? null : probability(one, two, observed, seed), models: pairs.length };
}

/** Two-sided permutation test, p = (1 + as extreme) / (1 + permutations). */
function probability(left: number[], right: number[], observed: number, seed: string): number {
  const random = seededRandom(`rank agreement ${seed}`);
  let extreme = 0;
  for (let round = 0; round < permutations; round += 1) {
    if (Math.abs(spearman(left, shuffled(right, random)) ?? 0) >= Math.abs(observed) - tolerance) extreme += 1;
  }
  return (1 + extreme) / (1 + permutations);
}
