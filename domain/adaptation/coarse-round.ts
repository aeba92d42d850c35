import { seededRandom, shuffled } from '../random.ts';

/** A scenario to draw from: its questions as groups, a group being a question with its perturbed copies, which stay together. */
export interface Stratum<T> {
  name: string;
  groups: readonly (readonly T[])[];
}

/**
 * Draws a coarse round under a total budget of questions (the contest's: 600): each scenario the same number of groups where it has
 * that many, since each has the same weight in the score, and what it lacks goes to the others. The same seed gives the same questions;
 * a larger budget keeps those of a smaller one. Each scenario gets one group at least: throws a RangeError where the budget forbids it.
 */
export function coarseRound<T>(strata: readonly Stratum<T>[], budget: number, seed: string): Stratum<T>[] {
  const orders = strata.map(({ name, groups }) => shuffled(groups, seededRandom(`${seed} ${name}`)));
  const taken = strata.map(() => 0);
  let left = budget;
  for (let isOpen = true; isOpen; ) {
    isOpen = false;
    for (const index of turnOrder(strata.length, seed, taken)) {
      const group = orders[index]?.[taken[index] ?? 0];
      if (group === undefined || group.length > left) continue;
      taken[index] = (taken[index] ?? 0) + 1;
      left -= group.length;
      isOpen = true;
    }
  }
  const empty = strata.find((_, index) => taken[index] === 0);
  if (empty !== undefined) throw new RangeError(`a budget of ${budget} questions leaves none for the scenario ${empty.name}`);
  return strata.map(({ name }, index) => ({ name, groups: orders[index]?.slice(0, taken[index]) ?? [] }));
}

/** Scenarios with the fewest first; ties in an order of the seed, so that the last questions of a budget favour none. */
function turnOrder(count: number, seed: string, taken: readonly number[]): number[] {
  const order = shuffled(Array.from({ length: count }, (_, index) => index), seededRandom(`${seed} turns`));
  return order.sort((one, other) => (taken[one] ?? 0) - (taken[other] ?? 0));
}
