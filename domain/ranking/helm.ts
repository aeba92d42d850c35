import { type Means, type ModelScore, scenariosOf, type Table, type TableColumn } from './table.ts';

/**
 * HELM's mean win rate (HELM 0.5.16, helm/benchmark/presentation/summarize.py, compute_aggregate_row_win_rates): per column
 * (models worse + (ties - 1) / 2) / (models with a value - 1), averaged over the columns in which the model has a value. HELM has
 * no stages: `full` is the mean over all columns, `open` and `closed` those over the columns of a stage. Columns with fewer than
 * two values are skipped.
 */
export function helm({ models, columns }: Table, means: Means): ModelScore[] {
  const wins = columns.map(winRates);
  const scenarios = scenariosOf(columns);
  return models.map((_, model) => {
    const over = (indices: number[]): number | null => {
      const rates = indices.map((index) => wins[index]?.[model] ?? null).filter((rate) => rate !== null);
      return rates.length === 0 ? null : means.arithmetic(rates);
    };
    const stage = (name: string): number | null => over(columns.flatMap((column, index) => (column.stage === name ? [index] : [])));
    return {
      open: stage('open'),
      closed: stage('closed'),
      full: over(columns.map((_column, index) => index)),
      scenarios: Object.fromEntries(scenarios.map(({ name, columns: indices }) => [name, over(indices)])),
    };
  });
}

function winRates({ better, values }: TableColumn): (number | null)[] {
  const sign = better === 'lower' ? -1 : 1;
  const present = values.filter((value) => value !== null);
  if (present.length < 2) return values.map(() => null);
  return values.map((value) => {
    if (value === null) return null;
    let worse = 0;
    let equal = 0;
    for (const other of present) {
      if (sign * other < sign * value) worse += 1;
      else if (other === value) equal += 1;
    }
    return (worse + (equal - 1) / 2) / (present.length - 1);
  });
}
