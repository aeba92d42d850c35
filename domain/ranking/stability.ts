import { fastMeans, type Rule, type Table, type TableColumn, withColumns, withoutModel } from './table.ts';

/** For each model: the pairs of others, by name, whose order turns over when it is left out (a tie on one side is none). */
export function leaveOneOut(table: Table, rule: Rule): { without: string; turnedOver: [string, string][] }[] {
  if (table.models.length < 3) return [];
  const scores = fullScores(table, rule);
  return table.models.map((without, left) => {
    const rest = withoutModel(table, left);
    const after = fullScores(rest, rule);
    const before = scores.filter((_, index) => index !== left);
    const turnedOver = rest.models.flatMap((one, first) =>
      rest.models.flatMap((other, second): [string, string][] =>
        second > first && order(before[first], before[second]) * order(after[first], after[second]) < 0 ? [[one, other]] : [],
      ),
    );
    return { without, turnedOver };
  });
}

export interface Deciders {
  scenarios: string[];
  columns: string[];
}

/** Tells of a pair of models, by index, without which scenarios and columns alone the first would no longer be above the second. */
export function deciders(table: Table, rule: Rule): (above: number, below: number) => Deciders {
  const names = [...new Set(table.columns.map(({ scenario }) => scenario))];
  const without = (keep: (column: TableColumn) => boolean): (number | null)[] | undefined => {
    const rest = withColumns(table, keep);
    return rest.columns.length === 0 ? undefined : fullScores(rest, rule);
  };
  const scenarios = names.map((name) => ({ name, scores: without(({ scenario }) => scenario !== name) }));
  const columns = table.columns.map(({ id }) => ({ name: id, scores: without((column) => column.id !== id) }));
  return (above, below) => {
    const deciding = (each: typeof scenarios): string[] =>
      each.filter(({ scores }) => scores && order(scores[above], scores[below]) <= 0).map(({ name }) => name);
    return { scenarios: deciding(scenarios), columns: deciding(columns) };
  };
}

/** Scores that differ by less, relative to the larger, are tied: these are not the exact means that ranks are made of. */
const tolerance = 1e-12;

/** 1 where the left score is above the right one, -1 where it is below, 0 in a tie. Null is below everything. */
function order(left: number | null | undefined, right: number | null | undefined): -1 | 0 | 1 {
  const [a, b] = [left ?? null, right ?? null];
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))) return 0;
  return a > b ? 1 : -1;
}

function fullScores(table: Table, rule: Rule): (number | null)[] {
  return rule(table, fastMeans).map(({ full }) => full);
}
