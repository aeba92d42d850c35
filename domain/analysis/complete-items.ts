import { scenariosOf } from '../ranking/table.ts';
import type { Results } from '../results.ts';

export interface CompleteItems {
  models: string[];
  /** Models without items in some scenario that others have items in. */
  leftOut: string[];
  scenarios: {
    name: string;
    column: string;
    /** By model, turned so that higher is better; an item without a value for some model is left out for all. */
    items: number[][];
  }[];
}

/** The single questions of each scenario's first column that has any. Null where no two models have items in every such scenario. */
export function completeItems(results: Results): CompleteItems | null {
  const columns = scenariosOf(results.columns).flatMap(({ name, columns: indices }) => {
    const column = indices.map((index) => results.columns[index]).find((each) => each && results.items?.[each.id]);
    return column ? [{ name, column }] : [];
  });
  const hasItems = (model: string): boolean => columns.every(({ column }) => results.items?.[column.id]?.[model] !== undefined);
  const models = results.models.map(({ id }) => id).filter(hasItems);
  if (columns.length === 0 || models.length < 2) return null;
  const scenarios = columns.map(({ name, column }) => ({
    name,
    column: column.id,
    items: complete(models.map((model) => results.items?.[column.id]?.[model] ?? []), column.better),
  }));
  return { models, leftOut: results.models.map(({ id }) => id).filter((id) => !hasItems(id)), scenarios };
}

function complete(rows: (number | null)[][], better: 'higher' | 'lower'): number[][] {
  const sign = better === 'lower' ? -1 : 1;
  const kept = (rows[0] ?? []).flatMap((_, item) => (rows.every((row) => (row[item] ?? null) !== null) ? [item] : []));
  return rows.map((row) => kept.map((item) => sign * (row[item] ?? 0)));
}
