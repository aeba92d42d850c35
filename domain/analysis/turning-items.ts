import { type RuleName, rules } from '../ranking/index.ts';
import { exactMeans, isAbove, type Rule, scenariosOf, type Table } from '../ranking/table.ts';
import type { Results } from '../results.ts';
import type { TurningItems } from './analysis.ts';

const namedItems = 10;

/**
 * The fewest items of one scenario whose removal, for all models, puts `above` no longer above `below`: taken in the order in
 * which they favour `above`, their number found by bisection. An upper bound, therefore: another choice may need fewer. Null
 * where the two are not apart, or no scenario alone turns them.
 */
export function turningItems(results: Results, table: Table, ruleName: RuleName, above: string, below: string): TurningItems | null {
  const rule = rules[ruleName];
  const pair = { above: table.models.indexOf(above), below: table.models.indexOf(below) };
  if (!holds(table, rule, pair)) return null;
  const found = scenariosOf(table.columns).flatMap(({ name, columns }) => {
    const items = itemColumns(results, table, columns);
    const order = favouring(items, pair);
    const turned = (count: number): boolean => !holds(without(table, items, new Set(order.slice(0, count))), rule, pair);
    const count = least(order.length, turned);
    return count === undefined ? [] : [{ scenario: name, count, of: lengthOf(items), items: order.slice(0, Math.min(count, namedItems)) }];
  });
  return found.sort((one, other) => one.count - other.count)[0] ?? null;
}

interface ItemColumn {
  column: number;
  sign: 1 | -1;
  /** By model; undefined where it has no items in the column. */
  values: ((number | null)[] | undefined)[];
}
interface Pair {
  above: number;
  below: number;
}

function itemColumns(results: Results, table: Table, columns: readonly number[]): ItemColumn[] {
  return columns.flatMap((column) => {
    const { id = '', better } = table.columns[column] ?? {};
    const items = results.items?.[id];
    return items ? [{ column, sign: better === 'lower' ? (-1 as const) : (1 as const), values: table.models.map((model) => items[model]) }] : [];
  });
}

/** Positions of the items that favour the upper model, the strongest first; never all items, as nothing would be left to rank by. */
function favouring(columns: readonly ItemColumn[], { above, below }: Pair): number[] {
  const length = lengthOf(columns);
  const advantage = Array.from({ length }, (_, item) =>
    columns.reduce((sum, { sign, values }) => sum + sign * ((values[above]?.[item] ?? 0) - (values[below]?.[item] ?? 0)), 0),
  );
  const order = advantage.flatMap((value, item) => (value > 0 ? [item] : []));
  return order.sort((one, other) => (advantage[other] ?? 0) - (advantage[one] ?? 0) || one - other).slice(0, length - 1);
}

function least(most: number, turned: (count: number) => boolean): number | undefined {
  if (most === 0 || !turned(most)) return undefined;
  let [holding, turning] = [0, most];
  while (turning - holding > 1) {
    const middle = Math.floor((holding + turning) / 2);
    if (turned(middle)) turning = middle;
    else holding = middle;
  }
  return turning;
}

function without(table: Table, items: readonly ItemColumn[], dropped: ReadonlySet<number>): Table {
  const columns = [...table.columns];
  for (const { column, values } of items) {
    const before = columns[column];
    if (!before) continue;
    const means = before.values.map((value, model) => (values[model] ? meanWithout(values[model], dropped) : value));
    columns[column] = { ...before, values: means };
  }
  return { ...table, columns };
}

function meanWithout(values: readonly (number | null)[], dropped: ReadonlySet<number>): number | null {
  let [sum, count] = [0, 0];
  values.forEach((value, item) => {
    if (value === null || dropped.has(item)) return;
    sum += value;
    count += 1;
  });
  return count === 0 ? null : sum / count;
}

function holds(table: Table, rule: Rule, { above, below }: Pair): boolean {
  const scores = rule(table, exactMeans);
  return isAbove(scores[above]?.full ?? null, scores[below]?.full ?? null);
}

function lengthOf(columns: readonly ItemColumn[]): number {
  return Math.max(0, ...columns.flatMap(({ values }) => values.map((each) => each?.length ?? 0)));
}
