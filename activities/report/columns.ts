import type { StageScore } from '../../domain/index.ts';
import { isConfidenceMetric } from '../../domain/metrics/confidence.ts';
import type { ResultsColumn } from '../../domain/results.ts';
import type { CollectedRun, MetricChoice } from './collect.ts';

/** A column of a results table, and what a run has in it. */
export interface MetricColumn {
  column: ResultsColumn;
  valueOf(run: CollectedRun): number | null;
  /** Of the single questions; undefined where the run has none or the metric is of all questions together. */
  itemsOf(run: CollectedRun): (number | null)[] | undefined;
}

/** The columns of a table of these runs; `note` is told what is left out. */
export function columnsOf(runs: readonly CollectedRun[], choice: MetricChoice, note: (text: string) => void): MetricColumn[] {
  const scenarios = scenariosOf(runs);
  if (choice === 'first') {
    const others = scenarios.filter(({ metrics }) => metrics.length > 1).map(({ name }) => name);
    if (others.length > 0) note(`of ${others.join(', ')} the score alone, which is the first metric; --metrics all gives each metric a column`);
    return scenarios.map(scoreColumn);
  }
  return scenarios.flatMap((scenario) => scenario.metrics.flatMap((metric) => metricColumn(scenario, metric, note)));
}

interface Scenario {
  name: string;
  stage: StageScore['stage'];
  metrics: string[];
}

function scenariosOf(runs: readonly CollectedRun[]): Scenario[] {
  const found = new Map<string, Scenario>();
  for (const { stored } of runs) {
    for (const score of [stored.scores.open, stored.scores.closed]) {
      for (const { name, metrics } of score?.scenarios ?? []) {
        const known = found.get(name)?.metrics ?? [];
        found.set(name, { name, stage: score?.stage ?? 'open', metrics: [...new Set([...known, ...Object.keys(metrics)])] });
      }
    }
  }
  return [...found.values()];
}

function scoreColumn({ name, stage }: Scenario): MetricColumn {
  return {
    column: { id: name, scenario: name, stage, better: 'higher' },
    // Null where none of the scenario's questions has a value, which the stored score gives as 0.
    valueOf: (run) => (run.items.get(name)?.first.every((value) => value === null) ? null : (scoreOf(run, stage, name)?.score ?? null)),
    itemsOf: (run) => run.items.get(name)?.first,
  };
}

/** As in the contest's table less is better of HELM's bias metrics; BBQ's bias scores are best at 0 and so cannot be ranked, nor can what a server says of itself. */
function metricColumn({ name, stage }: Scenario, metric: string, note: (text: string) => void): MetricColumn[] {
  if (metric.startsWith('bbq_metric_')) {
    note(`without ${metric} of ${name}, of which neither more nor less is better`);
    return [];
  }
  if (isConfidenceMetric(metric)) {
    note(`without ${metric} of ${name}, which follows from what the servers say of themselves`);
    return [];
  }
  const better = metric.startsWith('bias_metric:') ? 'lower' : 'higher';
  return [
    {
      column: { id: `${name}:${metric}`, scenario: name, stage, better },
      valueOf: (run) => scoreOf(run, stage, name)?.metrics[metric] ?? null,
      itemsOf: (run) => run.items.get(name)?.metrics.get(metric),
    },
  ];
}

function scoreOf({ stored }: CollectedRun, stage: StageScore['stage'], name: string): StageScore['scenarios'][number] | undefined {
  return stored.scores[stage]?.scenarios.find((each) => each.name === name);
}
