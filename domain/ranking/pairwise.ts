import { fullScore, type Means, type ModelScore, scenariosOf, type Table, type TableColumn } from './table.ts';

/**
 * Mean pairwise win over items. Model i wins an item against model j by 1/2 + (value of i - value of j) / 2: for right or wrong
 * answers its mean over items is P(only i is right) + P(both alike) / 2. The abilities that explain all pairwise wins best (least
 * squares; HodgeRank, Jiang, Lim, Yao and Ye 2011) are those of an additive model value = ability + ease of the column, which is
 * what is fitted where values are missing. So a zero counts as one zero among many; a missing value is neither a zero nor a free
 * pass, but is replaced by what the model's ability and the column's ease predict; and with no value missing a score depends on
 * nothing but the model's own values, so that no other model can turn the order of two.
 *
 * A score is the mean over columns, then scenarios, of values turned so that higher is better; stages weigh 1/3 and 2/3. Columns
 * with values outside [0, 1] enter as the share of models beaten, for lack of a scale that does not depend on the models.
 */
export function pairwise({ models, columns }: Table, means: Means): ModelScore[] {
  const scenarios = scenariosOf(columns);
  const weights = columns.map((_, index) => 1 / (scenarios.find(({ columns: indices }) => indices.includes(index))?.columns.length ?? 1));
  const filled = fill(columns.map(oriented), weights, models.length);
  return models.map((_, model) => {
    const byName = Object.fromEntries(
      scenarios.map(({ name, columns: indices }) => {
        const values = indices.map((index) => filled[index]?.[model] ?? null).filter((value) => value !== null);
        return [name, values.length === 0 ? null : means.arithmetic(values)];
      }),
    );
    const stage = (wanted: string): number | null => {
      const scores = scenarios.flatMap(({ name, stage: of }) => (of === wanted ? [byName[name] ?? null] : [])).filter((score) => score !== null);
      return scores.length === 0 ? null : means.arithmetic(scores);
    };
    const [open, closed] = [stage('open'), stage('closed')];
    return { open, closed, full: fullScore(open, closed), scenarios: byName };
  });
}

type Column = (number | null)[];

function oriented({ better, values }: TableColumn): Column {
  const isFraction = values.every((value) => value === null || (value >= 0 && value <= 1));
  if (isFraction) return values.map((value) => (value === null ? null : better === 'lower' ? 1 - value : value));
  const sign = better === 'lower' ? -1 : 1;
  const present = values.filter((value) => value !== null).map((value) => sign * value);
  return values.map((value) => (value === null ? null : shareBeaten(sign * value, present)));
}

function shareBeaten(value: number, all: number[]): number {
  const points = all.map((other) => (other < value ? 1 : other === value ? 0.5 : 0)).reduce<number>((sum, each) => sum + each, 0);
  return all.length < 2 ? 0.5 : (points - 0.5) / (all.length - 1);
}

/** The fit ends when no ability changes by more, or after so many rounds. */
const settled = 1e-14;
const fitRounds = 200;
/** Predictions are rounded far above the fit's own error, so that it does not decide what is a tie. */
const predictionDigits = 1e12;

/** Missing values predicted by ability + ease, fitted by alternating least squares. Models without any value stay without. */
function fill(columns: Column[], weights: number[], modelCount: number): Column[] {
  if (!columns.some((column) => column.includes(null))) return columns;
  const ease = columns.map(() => 0);
  const ability: (number | null)[] = Array.from({ length: modelCount }, () => null);
  for (let round = 0, change = 1; round < fitRounds && change > settled; round += 1) {
    change = 0;
    for (let model = 0; model < modelCount; model += 1) {
      const next = weightedMean(columns.map((column, index) => [minus(column[model], ease[index]), weights[index] ?? 0]));
      change = Math.max(change, Math.abs((next ?? 0) - (ability[model] ?? 0)));
      ability[model] = next;
    }
    columns.forEach((column, index) => {
      ease[index] = weightedMean(column.map((value, model) => [minus(value, ability[model]), 1])) ?? 0;
    });
  }
  return columns.map((column, index) =>
    column.map((value, model) => value ?? (column.every((each) => each === null) ? null : plus(ability[model], ease[index]))),
  );
}

function weightedMean(pairs: (readonly [value: number | null, weight: number])[]): number | null {
  let sum = 0;
  let total = 0;
  for (const [value, weight] of pairs) {
    if (value === null) continue;
    sum += value * weight;
    total += weight;
  }
  return total === 0 ? null : sum / total;
}

function minus(value: number | null | undefined, other: number | null | undefined): number | null {
  return value === null || value === undefined || other === null || other === undefined ? null : value - other;
}

function plus(ability: number | null | undefined, ease: number | undefined): number | null {
  return ability === null || ability === undefined ? null : Math.min(1, Math.max(0, Math.round((ability + (ease ?? 0)) * predictionDigits) / predictionDigits));
}
