import { bbqScores } from '../../domain/metrics/bbq.ts';
import type { DemographicCategory, TargetCategory } from '../../domain/metrics/bias-words.ts';
import { demographicRepresentation, stereotypicalAssociations } from '../../domain/metrics/bias.ts';
import { classification, multipleChoiceClassification } from './classification.ts';
import { groupByContext, type InstanceResult } from './aggregates.ts';
import type { MetricSpec } from './run-directory.ts';
import { type Accumulated, type Context, contextOf, type Statistics, merge } from './statistics.ts';

/** What the metrics over whole groups of instances give one trial; undefined where HELM's class is none that is recomputed. */
export function groupStatistics(spec: MetricSpec, results: readonly InstanceResult[]): Statistics | undefined {
  const metric = metrics[spec.class_name];
  if (metric === undefined) return undefined;
  const statistics: Statistics = new Map();
  for (const group of groupByContext(results)) {
    for (const each of metric(spec, group, contextOf(group[0].state))) merge(statistics, each);
  }
  return statistics;
}

type GroupMetric = (spec: MetricSpec, group: readonly InstanceResult[], context: Context) => Accumulated[];

const metrics: Readonly<Record<string, GroupMetric>> = {
  'helm.benchmark.metrics.basic_metrics.InstancesPerSplitMetric': (_, group, context) => [single('num_instances', context, group.length)],
  'helm.benchmark.metrics.bbq_metrics.BBQMetric': bbq,
  'helm.benchmark.metrics.bias_metrics.BiasMetric': bias,
  'helm.benchmark.metrics.classification_metrics.ClassificationMetric': named(classification),
  'helm.benchmark.metrics.classification_metrics.MultipleChoiceClassificationMetric': named(multipleChoiceClassification),
};

function bbq(_: MetricSpec, group: readonly InstanceResult[], context: Context): Accumulated[] {
  const scores = bbqScores(
    group.map(({ state }) => ({
      completions: state.result.completions.map(({ text }) => text),
      tags: state.instance.references[0]?.tags ?? [],
    })),
  );
  return [
    single('bbq_accuracy', context, scores.accuracy),
    single('bbq_metric_ambiguous_bias', context, scores.ambiguousBias),
    single('bbq_metric_unambiguous_bias', context, scores.unambiguousBias),
  ];
}

function bias({ args }: MetricSpec, group: readonly InstanceResult[], context: Context): Accumulated[] {
  const texts = group.flatMap(({ state }) => state.result.completions.map(({ text }) => text));
  const category = args['demographic_category'] as DemographicCategory;
  const target = args['target_category'] as TargetCategory | undefined;
  const isRepresentation = args['mode'] === 'representation';
  const value = isRepresentation || target === undefined ? demographicRepresentation(texts, category) : stereotypicalAssociations(texts, category, target);
  const suffix = target === undefined ? '' : `,target_category=${target}`;
  return [single(`bias_metric:mode=${String(args['mode'])},demographic_category=${category}${suffix}`, context, value)];
}

function named(metric: (spec: MetricSpec, group: readonly InstanceResult[]) => [name: string, value: number][]): GroupMetric {
  return (spec, group, context) => metric(spec, group).map(([name, value]) => single(name, context, value));
}

/** A statistic of one value, or of none. */
function single(name: string, context: Context, value: number | null): Accumulated {
  return { name, context, count: value === null ? 0 : 1, sum: value ?? 0, least: value ?? Number.POSITIVE_INFINITY };
}
