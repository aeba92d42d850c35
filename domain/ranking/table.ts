import type { Results, ResultsColumn } from '../results.ts';
import { exp, log } from './elementary.ts';
import { exactMean, fmean } from './fsum.ts';

/** A results table by columns; `values` has one value per model, in the order of `models`. */
export interface Table {
  models: readonly string[];
  columns: readonly TableColumn[];
}

export interface TableColumn extends ResultsColumn {
  values: readonly (number | null)[];
}

/** What a rule gives one model. Null where it gives nothing: the table has no such stage, or the model nothing to compare. */
export interface ModelScore {
  open: number | null;
  closed: number | null;
  full: number | null;
  scenarios: Record<string, number | null>;
}

export type Rule = (table: Table, means: Means) => ModelScore[];

/** How a rule takes means. */
export interface Means {
  arithmetic(values: readonly number[]): number;
  geometric(values: readonly number[]): number;
}

/** Python's statistics.mean and statistics.geometric_mean, digit by digit. */
export const exactMeans: Means = { arithmetic: exactMean, geometric: (values) => exp(fmean(values.map(log))) };

/** Within a few units of the last place of the exact ones and 50 times as fast: for the replicates of a bootstrap. */
export const fastMeans: Means = {
  arithmetic: (values) => sum(values) / values.length,
  geometric: (values) => Math.exp(values.reduce((total, value) => total + Math.log(value), 0) / values.length),
};

export function tableOf(results: Results): Table {
  return {
    models: results.models.map(({ id }) => id),
    columns: results.columns.map((column) => ({ ...column, values: results.models.map(({ values }) => values[column.id] ?? null) })),
  };
}

/** The table without one model, or without the columns that `keep` refuses. */
export function withoutModel(table: Table, index: number): Table {
  const drop = <T>(values: readonly T[]): T[] => values.filter((_, at) => at !== index);
  return { models: drop(table.models), columns: table.columns.map((column) => ({ ...column, values: drop(column.values) })) };
}

export function withColumns(table: Table, keep: (column: TableColumn) => boolean): Table {
  return { ...table, columns: table.columns.filter(keep) };
}

/** Scenarios in the order of their first column, each with the indices of its columns. */
export function scenariosOf(columns: readonly ResultsColumn[]): { name: string; stage: ResultsColumn['stage']; columns: number[] }[] {
  const byName = new Map<string, { name: string; stage: ResultsColumn['stage']; columns: number[] }>();
  columns.forEach(({ scenario, stage }, index) => {
    const entry = byName.get(scenario) ?? { name: scenario, stage, columns: [] };
    entry.columns.push(index);
    byName.set(scenario, entry);
  });
  return [...byName.values()];
}

/** One third of the open and two thirds of the closed stage, as the contest weighs them; of one stage alone that one. */
export function fullScore(open: number | null, closed: number | null): number | null {
  if (open === null || closed === null) return open ?? closed;
  return (1 / 3) * open + (2 / 3) * closed;
}

/** Competition ranks (1, 2, 2, 4) by decreasing score; null is last. */
export function ranksOf(scores: readonly (number | null)[]): number[] {
  return scores.map((score) => 1 + scores.filter((other) => isAbove(other, score)).length);
}

export function isAbove(left: number | null, right: number | null): boolean {
  return left !== null && (right === null || left > right);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
