import { seededRandom } from '../random.ts';
import type { Results } from '../results.ts';
import { fastMeans, isAbove, type ModelScore, ranksOf, type Rule, scenariosOf, type Table } from './table.ts';

export interface Bootstrap {
  replicates: number;
  /** Items that were drawn from, over all scenarios. */
  items: number;
  /** Columns that have items; the others keep their value in every replicate. */
  columns: string[];
  intervals: { open: Interval | null; closed: Interval | null; full: Interval; rank: Interval }[];
  /** For each model those that are above it, or below it, in more than 2.5 % of the replicates either way. */
  tiedWith: string[][];
}

type Interval = [low: number, high: number];

/** The share left out at each end of an interval. */
const tail = 0.025;

/**
 * Percentile intervals of scores and ranks (Efron): items are drawn with replacement within their scenario, the same draw for all
 * models and all columns of the scenario, and the rule is applied to the columns' new means. Undefined where there are no items.
 */
export function bootstrap(results: Results, table: Table, rule: Rule, options: { seed: string; replicates: number }): Bootstrap | undefined {
  const samplers = samplersOf(results, table);
  if (samplers.length === 0) return undefined;
  const random = seededRandom(`bootstrap ${options.seed}`);
  const values = table.columns.map((column) => [...column.values]);
  const replicate: Table = { models: table.models, columns: table.columns.map((column, index) => ({ ...column, values: values[index] ?? [] })) };
  const scores: ModelScore[][] = [];
  for (let round = 0; round < options.replicates; round += 1) {
    for (const sampler of samplers) sampler.draw(random, values);
    scores.push(rule(replicate, fastMeans));
  }
  return {
    replicates: options.replicates,
    items: samplers.reduce((sum, { items }) => sum + items, 0),
    columns: samplers.flatMap(({ columns }) => columns),
    intervals: intervalsOf(scores, table.models.length),
    tiedWith: tiesOf(scores, table.models),
  };
}

interface Sampler {
  items: number;
  columns: string[];
  /** Draws items once and writes the means into the columns' values. */
  draw(random: () => number, values: (number | null)[][]): void;
}

function samplersOf(results: Results, table: Table): Sampler[] {
  return scenariosOf(table.columns).flatMap(({ columns }) => {
    const withItems = columns.filter((column) => results.items?.[table.columns[column]?.id ?? ''] !== undefined);
    return withItems.length === 0 ? [] : [samplerOf(results, table, withItems)];
  });
}

/** One scenario: a matrix with a row per item and a cell per column and model, so that a drawn item is one run of memory. */
function samplerOf(results: Results, table: Table, columns: number[]): Sampler {
  const ids = columns.map((column) => table.columns[column]?.id ?? '');
  const cells = ids.flatMap((id) => table.models.map((model) => results.items?.[id]?.[model] ?? null));
  const items = Math.max(...cells.map((cell) => cell?.length ?? 0));
  const width = cells.length;
  const matrix = new Float64Array(items * width);
  const present = new Float64Array(items * width);
  cells.forEach((cell, at) =>
    cell?.forEach((value, item) => {
      matrix[item * width + at] = value ?? 0;
      present[item * width + at] = value === null ? 0 : 1;
    }),
  );
  const isComplete = present.every((each) => each === 1);
  const sums = new Float64Array(width);
  const counts = new Float64Array(width).fill(items);
  const timesDrawn = new Int32Array(items);
  const draw: Sampler['draw'] = (random, values) => {
    timesDrawn.fill(0);
    for (let drawn = 0; drawn < items; drawn += 1) {
      const item = Math.floor(random() * items);
      timesDrawn[item] = (timesDrawn[item] as number) + 1;
    }
    addRows(sums.fill(0), matrix, timesDrawn);
    if (!isComplete) addRows(counts.fill(0), present, timesDrawn);
    columns.forEach((column, at) => {
      const target = values[column] ?? [];
      for (let model = 0; model < table.models.length; model += 1) {
        const cell = at * table.models.length + model;
        // A model without items keeps the value it has.
        if (cells[cell]) target[model] = counts[cell] === 0 ? null : (sums[cell] ?? 0) / (counts[cell] ?? 1);
      }
    });
  };
  return { items, columns: ids, draw };
}

/** The hot loop: 10,000 replicates of 5,000 items of 20 models are 10^9 cells, of which a third is never drawn. */
function addRows(sums: Float64Array, matrix: Float64Array, timesDrawn: Int32Array): void {
  const width = sums.length;
  for (let item = 0; item < timesDrawn.length; item += 1) {
    const times = timesDrawn[item] as number;
    if (times === 0) continue;
    const row = item * width;
    for (let at = 0; at < width; at += 1) sums[at] = (sums[at] as number) + times * (matrix[row + at] as number);
  }
}

function intervalsOf(scores: ModelScore[][], modelCount: number): Bootstrap['intervals'] {
  const ranks = scores.map((models) => ranksOf(models.map(({ full }) => full)));
  return Array.from({ length: modelCount }, (_, model) => {
    const of = (stage: 'open' | 'closed' | 'full'): Interval | null => {
      const values = scores.map((models) => models[model]?.[stage] ?? null).filter((value) => value !== null);
      return values.length === 0 ? null : percentiles(values);
    };
    return { open: of('open'), closed: of('closed'), full: of('full') ?? [0, 0], rank: percentiles(ranks.map((rank) => rank[model] ?? 0)) };
  });
}

/** Nearest-rank percentiles: always values that occurred. */
function percentiles(values: number[]): Interval {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
  return [at(tail), at(1 - tail)];
}

function tiesOf(scores: ModelScore[][], models: readonly string[]): string[][] {
  const full = models.map((_, model) => scores.map((each) => each[model]?.full ?? null));
  return full.map((own, model) =>
    models.filter((_, other) => {
      const theirs = full[other] ?? [];
      const above = own.filter((score, at) => isAbove(score, theirs[at] ?? null)).length;
      const below = own.filter((score, at) => isAbove(theirs[at] ?? null, score)).length;
      return other !== model && above <= (1 - tail) * scores.length && below <= (1 - tail) * scores.length;
    }),
  );
}
