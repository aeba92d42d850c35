import type { ParityReport } from '../../domain/results.ts';
import { type InstanceResult, trialStatistics } from './aggregates.ts';
import { createComparison } from './comparison.ts';
import { groupStatistics } from './group-metrics.ts';
import { instanceValues } from './instance-values.ts';
import { type HelmRun, type Perturbation, readHelmRun } from './run-directory.ts';
import { type Accumulated, type Context, contextOf, meansOverTrials, perturbationKey } from './statistics.ts';

/**
 * Recomputes the metrics of a run directory of HELM 0.5 from its stored answers and compares every value with
 * per_instance_stats.json, and every mean with stats.json (there `instanceId` is "*" and `trial` 0). Names that follow from more
 * than what is stored are listed as unsupported. Throws HELM_RUN_INVALID naming the file that is missing, broken or of another version.
 */
export async function rescoreHelm(directory: string): Promise<ParityReport> {
  const run = await readHelmRun(directory);
  const comparison = createComparison();
  const trials = trialResults(run);
  for (const results of trials) {
    for (const { state, values } of results) {
      for (const [metric, value] of values) {
        comparison.ours({ instanceId: state.instance.id, trial: state.train_trial_index, metric, context: contextOf(state) }, { value, count: 1 });
      }
    }
  }
  for (const { name, context, count, sum } of aggregate(run, trials)) {
    comparison.ours({ instanceId: '*', trial: 0, metric: name, context }, { value: count === 0 ? null : sum / count, count });
  }
  for (const { instance_id: instanceId, train_trial_index: trial, stats } of run.perInstanceStats) {
    for (const stat of stats) comparison.theirs({ instanceId, trial, ...nameOf(stat) }, { value: stat.mean ?? null, count: stat.count });
  }
  for (const stat of run.stats) comparison.theirs({ instanceId: '*', trial: 0, ...nameOf(stat) }, { value: stat.mean ?? null, count: stat.count });
  return comparison.report();
}

const generationMetric = 'helm.benchmark.metrics.basic_metrics.BasicGenerationMetric';

/** The instances of each trial in the order in which HELM sums them. */
function trialResults({ states, adapter, metricSpecs }: HelmRun): InstanceResult[][] {
  const basic = metricSpecs.filter(({ class_name: name }) => name === generationMetric);
  const names = [...new Set(basic.flatMap(({ args }) => args['names'] as string[]))];
  const generated = states.filter((state) => state.reference_index === undefined);
  const order = new Map<string, number>();
  const positionOf = ({ state }: InstanceResult): number => order.get(instanceKey(state.instance)) ?? 0;
  for (const { instance } of generated) if (!order.has(instanceKey(instance))) order.set(instanceKey(instance), order.size);
  return Array.from({ length: adapter.num_train_trials }, (_, trial) =>
    generated
      .filter((state) => state.train_trial_index === trial)
      .map((state) => ({ state, values: basic.length > 0 ? instanceValues(state, adapter, names) : new Map<string, number>() }))
      .sort((a, b) => positionOf(a) - positionOf(b)),
  );
}

function aggregate({ metricSpecs }: HelmRun, trials: readonly InstanceResult[][]): Iterable<Accumulated> {
  const means = meansOverTrials(trials.map(trialStatistics));
  for (const spec of metricSpecs) {
    const perTrial = trials.map((results) => groupStatistics(spec, results)).filter((statistics) => statistics !== undefined);
    for (const [key, statistic] of meansOverTrials(perTrial)) means.set(key, statistic);
  }
  return means.values();
}

function instanceKey({ id, perturbation }: { id: string; perturbation?: Perturbation | undefined }): string {
  return JSON.stringify([id, perturbationKey(perturbation)]);
}

function nameOf({ name }: HelmRun['stats'][number]): { metric: string; context: Context } {
  return { metric: name.name, context: { split: name.split, subSplit: name.sub_split, perturbation: name.perturbation } };
}
