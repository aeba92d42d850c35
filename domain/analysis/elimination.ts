import { z } from 'zod';
import { eliminate } from '../adaptation/elimination.ts';
import { seededRandom, shuffled } from '../random.ts';
import type { Results } from '../results.ts';
import { completeItems } from './complete-items.ts';

export const Elimination = z.object({
  schema: z.literal('reprise.elimination/v1'),
  keep: z.number().int(),
  /** Bound on the probability that any model of the best `keep` is eliminated. */
  risk: z.number(),
  /** Column that each scenario was compared by, and its questions; the scenario with the fewest says how many count. */
  scenarios: z.array(z.object({ name: z.string(), column: z.string(), questions: z.number().int() })),
  models: z.array(z.object({ id: z.string(), eliminated: z.boolean(), beatenBy: z.array(z.string()) })),
  /** Models that were not looked at, for want of values of single questions. */
  leftOut: z.array(z.string()),
});
export type Elimination = z.infer<typeof Elimination>;

export interface EliminationOptions {
  keep: number;
  risk: number;
  /** Puts the questions into a random order; undefined where they stand in one already, as `reprise suite sample` writes them. */
  seed: string | undefined;
}

/**
 * Which models of a coarse round need no further questions (`eliminate`, domain/adaptation/elimination.ts). Throws a RangeError where
 * the table has no values of single questions for two models, or one outside of [0, 1], which the bound does not hold for.
 */
export function eliminationOf(results: Results, { keep, risk, seed }: EliminationOptions): Elimination {
  const complete = completeItems(results);
  if (!complete) throw new RangeError('it has no values of single questions for two models; `reprise results` writes them');
  const { models, leftOut, scenarios } = complete;
  const wide = scenarios.find(({ items }) => items.flat().some((value) => Math.abs(value) > 1) || sign(items) === 0);
  if (wide) throw new RangeError(`column ${wide.column} has values outside of [0, 1], for which the bound on wrong eliminations does not hold`);
  const ordered = scenarios.map(({ name, items }) => (seed === undefined ? items : inRandomOrder(items, `${seed} ${name}`)));
  const scores = models.map((model, index) => ({ model, scenarios: ordered.map((items) => items[index] ?? []) }));
  const gone = new Map(eliminate(scores, { keep, risk }).map(({ model, beatenBy }) => [model, beatenBy]));
  return {
    schema: 'reprise.elimination/v1',
    keep,
    risk,
    scenarios: scenarios.map(({ name, column, items }) => ({ name, column, questions: items[0]?.length ?? 0 })),
    models: models.map((id) => ({ id, eliminated: gone.has(id), beatenBy: gone.get(id) ?? [] })),
    leftOut,
  };
}

/** 0 where values of both signs stand in one column: turned columns have none above 0, the others none below. */
function sign(items: readonly (readonly number[])[]): number {
  const values = items.flat();
  if (values.every((value) => value >= 0)) return 1;
  return values.every((value) => value <= 0) ? -1 : 0;
}

/** The same order for all models. */
function inRandomOrder(items: readonly number[][], seed: string): number[][] {
  const order = shuffled((items[0] ?? []).map((_, index) => index), seededRandom(seed));
  return items.map((row) => order.map((index) => row[index] ?? 0));
}
