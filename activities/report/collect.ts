import { canonicalJson, type SuiteStage } from '../../domain/index.ts';
import type { Results } from '../../domain/results.ts';
import { failure, outcomeOf } from '../failure.ts';
import { loadSuite, type SuiteDependencies } from '../intake/suite.ts';
import { columnsOf, type MetricColumn } from './columns.ts';
import { itemValues, type ScenarioItems } from './item-values.ts';
import { artifactBytes, readStoredRun, type StoredRun } from './stored-run.ts';
import { trainingDurationMs } from './training-duration.ts';

export interface CollectOptions {
  /** Leave out the values of single closed questions, so that the table may be shown to submitters. */
  withoutClosedItems?: boolean;
  /** `first`: a column a scenario, its score, which is the mean of each question's first metric; `all`: a column a metric. */
  metrics?: MetricChoice;
}

export const metricChoices = ['first', 'all'] as const;
export type MetricChoice = (typeof metricChoices)[number];

export interface Collected {
  results: Results;
  /** What the table lacks and why, a line each. */
  notes: string[];
}

/** A run and the store that holds it: the configured one, or an exported directory. */
export interface RunSource extends SuiteDependencies {
  run: string;
}

/**
 * A results table from stored runs of one suite: a column for each scenario or metric, the values of its questions where the
 * key allows, and the training's duration. A model is named by its submission, or by its run where two have one name.
 * Failures: REQUEST_INVALID where a run has no scores or another suite, STORE_CORRUPT.
 */
export async function collectResults(sources: readonly RunSource[], options: CollectOptions = {}): Promise<Collected> {
  const runs: CollectedRun[] = [];
  const notes = new Set<string>();
  for (const source of sources) runs.push(await collectRun(source, options, (note) => notes.add(note)));
  const first = runs[0];
  if (!first) throw failure('REQUEST_INVALID', 'no run is named');
  const foreign = runs.find(({ questions }) => questions !== first.questions);
  if (foreign) throw failure('REQUEST_INVALID', `${foreign.stored.run} and ${first.stored.run} were asked other questions (suites ${foreign.stored.suite} and ${first.stored.suite})`);
  const columns = columnsOf(runs, options.metrics ?? 'first', (note) => notes.add(note));
  return { results: tableOf(runs, columns), notes: [...notes] };
}

export interface CollectedRun {
  stored: StoredRun;
  /** Hashes of the questions that it was asked; a suite's name and description may change. */
  questions: string;
  trainingMs: number | null;
  /** By scenario; absent for a scenario whose questions may not be seen. */
  items: Map<string, ScenarioItems>;
}

async function collectRun(source: RunSource, { withoutClosedItems = false }: CollectOptions, note: (text: string) => void): Promise<CollectedRun> {
  const stored = await readStoredRun(source.store, source.run);
  const suite = await loadSuite(source.store, stored.suite);
  const items: CollectedRun['items'] = new Map();
  for (const stage of Object.keys(suite.stored.stages) as SuiteStage[]) {
    if (stage === 'closed' && withoutClosedItems) continue;
    for (const [name, values] of await valuesUnlessLocked(source, stored, stage, note)) items.set(name, values);
  }
  const questions = canonicalJson(Object.entries(suite.stored.stages).map(([stage, kept]) => [stage, kept.questionsSha256]));
  return { stored, questions, items, trainingMs: trainingDurationMs(await artifactBytes(source.store, stored.manifest, 'history.json')) };
}

async function valuesUnlessLocked(source: RunSource, stored: StoredRun, stage: SuiteStage, note: (text: string) => void): Promise<Iterable<[string, ScenarioItems]>> {
  try {
    const values = await itemValues(source, stored, stage);
    if (!values) note(`${stored.run} kept no values of single questions of the ${stage} stage: its scores have no intervals`);
    return values ?? [];
  } catch (error) {
    if (outcomeOf(error)?.code !== 'SUITE_KEY_MISSING') throw error;
    note(`without the values of single ${stage} questions: ${(error as Error).message}`);
    return [];
  }
}

function tableOf(runs: CollectedRun[], columns: MetricColumn[]): Results {
  const ids = namesOf(runs.map(({ stored }) => stored));
  const models = runs.map((run, index) => ({
    id: ids[index] ?? run.stored.run,
    values: Object.fromEntries(columns.map(({ column, valueOf }) => [column.id, valueOf(run)])),
    trainingMs: run.trainingMs,
  }));
  const itemsOf = ({ itemsOf: valuesOf }: MetricColumn): [string, (number | null)[]][] =>
    runs.flatMap((run, index) => {
      const values = valuesOf(run);
      return values ? [[ids[index] ?? run.stored.run, values]] : [];
    });
  const items = columns.map((each) => [each.column.id, itemsOf(each)] as const).filter(([, values]) => values.length > 0);
  const named = Object.fromEntries(items.map(([id, values]) => [id, Object.fromEntries(values)]));
  return { schema: 'reprise.results/v1', columns: columns.map(({ column }) => column), models, ...(items.length > 0 ? { items: named } : {}) };
}

function namesOf(runs: readonly StoredRun[]): string[] {
  return runs.map(({ name, run }) => (runs.filter((other) => other.name === name).length > 1 ? run : name));
}
