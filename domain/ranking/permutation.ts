import { type Random, seededRandom } from '../random.ts';
import type { Results } from '../results.ts';
import { scenariosOf, type Table } from './table.ts';

export interface PairTest {
  /** Mean over scenarios, columns and items of the first model's value minus the second's, turned so that positive is better. */
  difference: number;
  p: number;
  /** Corrected for all the pairs by Holm's method. */
  pHolm: number;
}

/**
 * Paired permutation tests: under the null hypothesis the two models' values of an item may be swapped (all columns of the item
 * together). Two-sided, p = (1 + as extreme) / (1 + permutations). Undefined for a pair without common items.
 */
export function permutationTests(
  results: Results,
  table: Table,
  pairs: readonly (readonly [number, number])[],
  options: { seed: string; permutations: number },
): (PairTest | undefined)[] {
  const tests = pairs.map(([first, second]) => {
    const differences = itemDifferences(results, table, first, second);
    if (differences.length === 0) return undefined;
    // Each pair has its own numbers, so that its p does not depend on the other pairs.
    const random = seededRandom(`permutation ${options.seed} ${table.models[first]} ${table.models[second]}`);
    return { difference: sum(differences), p: probability(differences, random, options.permutations) };
  });
  const corrected = holm(tests.flatMap((test) => (test ? [test.p] : [])));
  let at = 0;
  return tests.map((test) => test && { ...test, pHolm: corrected[at++] ?? test.p });
}

/** Holm's step-down correction (1979), in the order given. */
export function holm(probabilities: readonly number[]): number[] {
  const order = probabilities.map((_, index) => index).sort((a, b) => (probabilities[a] ?? 0) - (probabilities[b] ?? 0));
  const corrected: number[] = [];
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (probabilities.length - rank) * (probabilities[index] ?? 1)));
    corrected[index] = largest;
  });
  return corrected;
}

/** What each item adds to the difference of the two models' means. */
function itemDifferences(results: Results, table: Table, first: number, second: number): Float64Array {
  const [one, other] = [table.models[first] ?? '', table.models[second] ?? ''];
  const scenarios = scenariosOf(table.columns)
    .map(({ columns }) => columns.flatMap((column) => pairedItems(results, table, column, one, other)))
    .filter((columns) => columns.length > 0);
  const byScenario = scenarios.map((columns) => {
    const length = Math.max(...columns.map((values) => values.length));
    const scale = scenarios.length * columns.length;
    return Array.from({ length }, (_, item) => columns.reduce((total, values) => total + (values[item] ?? 0), 0) / scale);
  });
  return Float64Array.from(byScenario.flat());
}

/** Differences of one column, each divided by the number of items that both have; 0 where one of them is missing. */
function pairedItems(results: Results, table: Table, column: number, one: string, other: string): number[][] {
  const { id = '', better } = table.columns[column] ?? {};
  const [left, right] = [results.items?.[id]?.[one], results.items?.[id]?.[other]];
  if (!left || !right) return [];
  const differences = left.map((value, item) => {
    const against = right[item] ?? null;
    return value === null || against === null ? null : (better === 'lower' ? -1 : 1) * (value - against);
  });
  const common = differences.filter((difference) => difference !== null).length;
  return common === 0 ? [] : [differences.map((difference) => (difference ?? 0) / common)];
}

/** Sums that differ by rounding alone count as equally extreme. */
const tolerance = 1e-12;

function probability(differences: Float64Array, random: Random, permutations: number): number {
  const observed = Math.abs(sum(differences)) * (1 - tolerance);
  let extreme = 0;
  for (let round = 0; round < permutations; round += 1) {
    if (Math.abs(signedSum(differences, random)) >= observed) extreme += 1;
  }
  return (1 + extreme) / (1 + permutations);
}

function signedSum(differences: Float64Array, random: Random): number {
  let total = 0;
  let bits = 0;
  for (let index = 0; index < differences.length; index += 1) {
    if (index % 32 === 0) bits = (random() * 2 ** 32) | 0;
    const difference = differences[index] as number;
    total += bits & 1 ? difference : -difference;
    bits >>= 1;
  }
  return total;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
