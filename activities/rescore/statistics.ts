import type { Perturbation, RequestState } from './run-directory.ts';

/** HELM's Stat (helm/benchmark/metrics/statistic.py), as far as stats.json's count and mean go. */
export interface Accumulated {
  name: string;
  context: Context;
  count: number;
  sum: number;
  least: number;
}

/** What statistics are grouped by. */
export interface Context {
  split: string | undefined;
  subSplit: string | undefined;
  perturbation: Perturbation | undefined;
}

export type Statistics = Map<string, Accumulated>;

export function contextOf({ instance }: RequestState): Context {
  return { split: instance.split, subSplit: instance.sub_split, perturbation: instance.perturbation };
}

/** Adds one value; values of one name and context come together. */
export function addValue(statistics: Statistics, name: string, context: Context, value: number): void {
  merge(statistics, { name, context, count: 1, sum: value, least: value });
}

export function merge(statistics: Statistics, added: Accumulated): void {
  const key = statisticKey(added.name, added.context);
  const before = statistics.get(key);
  statistics.set(
    key,
    before
      ? { ...before, count: before.count + added.count, sum: before.sum + added.sum, least: Math.min(before.least, added.least) }
      : { ...added },
  );
}

/** The mean over trials of each trial's mean, as Stat.take_mean leaves it. */
export function meansOverTrials(trials: readonly Statistics[]): Statistics {
  const total: Statistics = new Map();
  for (const trial of trials) {
    for (const { name, context, count, sum } of trial.values()) {
      if (count > 0) addValue(total, name, context, sum / count);
      else merge(total, { name, context, count: 0, sum: 0, least: Number.POSITIVE_INFINITY });
    }
  }
  return total;
}

export function statisticKey(name: string, { split, subSplit, perturbation }: Context): string {
  return JSON.stringify([name, split ?? null, subSplit ?? null, perturbationKey(perturbation)]);
}

export function perturbationKey(perturbation: Perturbation | undefined): string | null {
  if (perturbation === undefined) return null;
  return JSON.stringify(Object.entries(perturbation).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How a perturbation is shown: its name, and where it is a summary what it is computed on. */
export function perturbationName(perturbation: Perturbation | undefined): string | undefined {
  if (perturbation === undefined) return undefined;
  const on = perturbation['computed_on'];
  return on === undefined || on === 'perturbed' ? perturbation.name : `${perturbation.name} (${String(on)})`;
}
