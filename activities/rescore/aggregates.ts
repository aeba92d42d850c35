import type { ConfidentAnswer } from '../../domain/metrics/calibration.ts';
import { calibrationValues, languageValues } from '../../domain/metrics/confidence.ts';
import { groupBy } from './grouping.ts';
import type { Values } from './instance-values.ts';
import type { Perturbation, RequestState } from './run-directory.ts';
import { type Accumulated, addValue, type Context, contextOf, perturbationKey, merge, statisticKey, type Statistics } from './statistics.ts';

/** One instance's values in one trial. */
export interface InstanceResult {
  state: RequestState;
  values: Values;
}

/** What HELM makes of one trial's instances (helm/benchmark/metrics/metric.py, Metric.evaluate): means, derived values, worst cases. */
export function trialStatistics(results: readonly InstanceResult[]): Statistics {
  const statistics: Statistics = new Map();
  for (const { state, values } of results) {
    for (const [name, value] of values) addValue(statistics, name, contextOf(state), value);
  }
  for (const group of groupByContext(results)) {
    const context = contextOf(group[0].state);
    for (const [name, value] of [...perplexity(statistics, context), ...calibration(group)]) addValue(statistics, name, context, value);
  }
  for (const worst of worstCases(results)) merge(statistics, worst);
  return statistics;
}

export function groupByContext(results: readonly InstanceResult[]): [InstanceResult, ...InstanceResult[]][] {
  return groupBy(results, ({ state }) => statisticKey('', contextOf(state)));
}

type Pairs = [name: string, value: number][];

/** compute_perplexity_metrics (basic_metrics.py). */
function perplexity(statistics: Statistics, context: Context): Pairs {
  const sumOf = (name: string): number => statistics.get(statisticKey(name, context))?.sum ?? 0;
  const values = languageValues({ sum: sumOf('logprob'), count: sumOf('num_perplexity_tokens'), bytes: sumOf('num_bytes') });
  return Object.entries(values).flatMap(([name, value]): Pairs => (value === null ? [] : [[name, value]]));
}

/** The stored answers leave more than one value; the comparison lists such a name as unsupported. */
const notDetermined = Number.NaN;

/** compute_calibration_metrics: only where the model gives log probabilities that are not all zero. */
function calibration(results: readonly InstanceResult[]): Pairs {
  if (!results.some(({ values }) => (values.get('logprob') ?? 0) < 0)) return [];
  const answers = results.flatMap(({ values }): ConfidentAnswer[] => {
    const [probability, correct] = [values.get('max_prob'), values.get('exact_match')];
    return probability === undefined || correct === undefined ? [] : [{ probability, isCorrect: correct === 1 }];
  });
  if (answers.length === 0) return [];
  const values = Object.entries(calibrationValues(answers)).map(([name, value]): Pairs[number] => [name, value ?? notDetermined]);
  return [...values, ...plattErrors(answers)];
}

/** HELM's Platt scaling is an iterative fit; only without anything to fit, when all answers are right or all wrong, it gives 0. */
function plattErrors(answers: readonly ConfidentAnswer[]): Pairs {
  const right = answers.filter(({ isCorrect }) => isCorrect).length;
  const value = right === 0 || right === answers.length ? 0 : notDetermined;
  return ['platt_ece_10_bin', 'platt_ece_1_bin'].map((name) => [name, value]);
}

/**
 * compute_worst_case_metrics: per metric and instance the least value over the original and its perturbed copies; of all robustness
 * and of all fairness perturbations together (also where there is none) and of each alone, for which the originals of the affected
 * instances are kept too.
 */
function worstCases(results: readonly InstanceResult[]): Accumulated[] {
  const derived: Statistics = new Map();
  for (const copies of groupBy(results, ({ state: { instance } }) => JSON.stringify([instance.id, instance.split, instance.sub_split]))) {
    const names = new Set(copies.flatMap(({ values }) => [...values.keys()]));
    for (const name of names) addWorst(derived, name, copies);
  }
  return [...derived.values()];
}

function addWorst(derived: Statistics, name: string, copies: [InstanceResult, ...InstanceResult[]]): void {
  const context = contextOf(copies[0].state);
  const original = copies.find(({ state }) => state.instance.perturbation === undefined)?.values.get(name);
  const perturbed = copies.flatMap(({ state: { instance }, values }) => {
    const value = values.get(name);
    return instance.perturbation === undefined || value === undefined ? [] : [{ perturbation: instance.perturbation, value }];
  });
  const add = (perturbation: Perturbation, computedOn: string, values: readonly number[]): void => {
    if (values.length > 0) addValue(derived, name, { ...context, perturbation: { ...perturbation, computed_on: computedOn } }, Math.min(...values));
  };
  const originals = original === undefined ? [] : [original];
  for (const kind of ['robustness', 'fairness'] as const) {
    const summary = { name: kind, robustness: kind === 'robustness', fairness: kind === 'fairness' };
    add(summary, 'worst', [...originals, ...perturbed.filter(({ perturbation }) => perturbation[kind] === true).map(({ value }) => value)]);
  }
  for (const group of groupBy(perturbed, ({ perturbation }) => perturbationKey(perturbation) ?? '')) {
    const { perturbation } = group[0];
    if (!['robustness', 'fairness'].includes(perturbation.name)) add(perturbation, 'original', originals);
    add(perturbation, 'worst', [...originals, ...group.map(({ value }) => value)]);
  }
}
