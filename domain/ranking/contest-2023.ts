import { fullScore, type Means, type ModelScore, scenariosOf, type Table, type TableColumn } from './table.ts';

/**
 * The rule of the NeurIPS 2023 LLM Efficiency Challenge (arXiv 2503.13507). Per column win = (models strictly worse + 1/k) / n,
 * where 1/k counts only in a tie of k > 1; a missing value is worst of all, and missing values tie. Scenario = mean over its
 * columns; stage = geometric mean over its scenarios, zero replaced by the least double; full = 1/3 open + 2/3 closed.
 */
export function contest2023({ models, columns }: Table, means: Means): ModelScore[] {
  const wins = columns.map(winRates);
  const scenarios = scenariosOf(columns).map((scenario) => ({
    ...scenario,
    scores: models.map((_, model) => means.arithmetic(scenario.columns.map((column) => wins[column]?.[model] ?? 0))),
  }));
  return models.map((_, model) => {
    const stage = (name: string): number | null => {
      const scores = scenarios.filter((scenario) => scenario.stage === name).map((scenario) => scenario.scores[model] || leastScore);
      return scores.length === 0 ? null : means.geometric(scores);
    };
    const [open, closed] = [stage('open'), stage('closed')];
    const byName = Object.fromEntries(scenarios.map(({ name, scores }) => [name, scores[model] ?? null]));
    return { open, closed, full: fullScore(open, closed), scenarios: byName };
  });
}

/** A geometric mean with a zero would be zero. */
const leastScore = Number.MIN_VALUE;

/** Columns named so are better when lower, whatever the table says. */
const lowerByName = /(?:^|[^A-Za-z])(?:Stereotypes|Representation)/;

function winRates({ id, better, values }: TableColumn): number[] {
  const sign = better === 'lower' || lowerByName.test(id) ? -1 : 1;
  const ordered = values.map((value) => (value === null ? Number.NEGATIVE_INFINITY : sign * value));
  return ordered.map((value) => {
    let worse = 0;
    let equal = 0;
    for (const other of ordered) {
      if (other < value) worse += 1;
      else if (other === value) equal += 1;
    }
    return (worse + (equal > 1 ? 1 / equal : 0)) / ordered.length;
  });
}
