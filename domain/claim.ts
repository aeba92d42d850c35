import type { RunScores } from './answer.ts';
import { type Random, seededRandom } from './random.ts';

/** What a team says its submission scores in the open stage, as fractions. */
export interface Claim {
  open: number;
  tolerance?: number | undefined;
}

/**
 * How far below a claim the measured score may lie where the submission names no tolerance: two points of a hundred, what
 * another seed, GPU or library moves; what the choice of questions moves is in the interval.
 */
export const defaultClaimTolerance = 0.02;

/**
 * Compares a claim with the measured score. It holds where the measured score reaches it, within the tolerance or within the
 * 95 % interval; a claim below what was measured holds. `values`: by scenario, the values that its score is the mean of.
 */
export function compareClaim(claim: Claim, measured: number, values: readonly (readonly number[])[]): NonNullable<RunScores['claim']> {
  const tolerance = claim.tolerance ?? defaultClaimTolerance;
  const interval = bootstrapInterval(values);
  const reached = Math.max(measured + tolerance, interval[1]);
  return { claimed: claim.open, measured, tolerance, interval, holds: claim.open <= reached + roundingError };
}

/** 0.93 - 0.92 is more than 0.01 in binary. */
const roundingError = 1e-9;

const resamples = 1_000;

/**
 * 95 % percentile interval of the mean over scenarios of their means, by a bootstrap over the questions within each scenario
 * (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). Unlike Wilson's it takes metrics that are not 0 or
 * 1. The seed is fixed: the same values give the same digits everywhere. Without any value it is [0, 0].
 */
export function bootstrapInterval(values: readonly (readonly number[])[]): [number, number] {
  const scenarios = values.map((each) => Float64Array.from(each));
  const random = seededRandom('reprise claim interval v1');
  const scores = new Float64Array(resamples);
  for (let index = 0; index < resamples; index += 1) {
    scores[index] = scenarios.reduce((sum, each) => sum + resampledMean(each, random), 0) / Math.max(scenarios.length, 1);
  }
  scores.sort();
  return [scores[Math.floor(0.025 * resamples)] ?? 0, scores[Math.ceil(0.975 * resamples) - 1] ?? 0];
}

function resampledMean(values: Float64Array, random: Random): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (let drawn = 0; drawn < values.length; drawn += 1) sum += values[Math.floor(random() * values.length)] as number;
  return sum / values.length;
}
