import { rankAgreementBySize } from '../ranking/index.ts';
import { scenariosOf } from '../ranking/table.ts';
import type { Results } from '../results.ts';
import type { CoarseAgreement } from './analysis.ts';

/** Draws per size: the mean correlation is then known to about 0.01. */
const rounds = 200;
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/**
 * Agreement of rankings by a few items a scenario with that by all of them (Flash-HELM's question). Uses each scenario's first
 * column that has items, turned so that higher is better; an item without a value for some model is left out for all. Null where
 * fewer than two models have items in every such scenario.
 */
export function coarseAgreement(results: Results, seed: string): CoarseAgreement | null {
  const columns = scenariosOf(results.columns).flatMap(({ name, columns: indices }) => {
    const column = indices.map((index) => results.columns[index]).find((each) => each && results.items?.[each.id]);
    return column ? [{ name, column }] : [];
  });
  const hasItems = (model: string): boolean => columns.every(({ column }) => results.items?.[column.id]?.[model] !== undefined);
  const models = results.models.map(({ id }) => id).filter(hasItems);
  if (columns.length === 0 || models.length < 2) return null;
  const items = columns.map(({ column }) => complete(models.map((model) => results.items?.[column.id]?.[model] ?? []), column.better));
  const lengths = items.map((scenario) => scenario[0]?.length ?? 0);
  const drawn = sizes.filter((size) => size < Math.max(...lengths));
  return {
    rounds,
    models,
    leftOut: results.models.map(({ id }) => id).filter((id) => !hasItems(id)),
    scenarios: columns.map(({ name }, index) => ({ name, items: lengths[index] ?? 0 })),
    bySize: rankAgreementBySize(items, drawn, { seed, rounds }).map((agreement) => ({
      ...agreement,
      questions: lengths.reduce((sum, length) => sum + Math.min(length, agreement.size), 0),
    })),
  };
}

function complete(rows: (number | null)[][], better: 'higher' | 'lower'): number[][] {
  const sign = better === 'lower' ? -1 : 1;
  const kept = (rows[0] ?? []).flatMap((_, item) => (rows.every((row) => (row[item] ?? null) !== null) ? [item] : []));
  return rows.map((row) => kept.map((item) => sign * (row[item] ?? 0)));
}
