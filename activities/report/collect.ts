import { canonicalJson, type SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import type { Results } from '../../domain/results.ts';
import { failure, outcomeOf } from '../failure.ts';
import { loadSuite, loadSuiteStage, type SuiteDependencies } from '../intake/suite.ts';
import { itemValues } from './item-values.ts';
import { artifactBytes, readStoredRun, type StoredRun } from './stored-run.ts';
import { trainingDurationMs } from './training-duration.ts';

export interface CollectOptions {
  /** Leave out the values of single closed questions, so that the table may be shown to submitters. */
  withoutClosedItems?: boolean;
}

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
 * A results table from stored runs of one suite: a column for each scenario (its score), the values of its questions where the
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
  return { results: tableOf(runs), notes: [...notes] };
}

interface CollectedRun {
  stored: StoredRun;
  /** Hashes of the questions that it was asked; a suite's name and description may change. */
  questions: string;
  trainingMs: number | null;
  /** By scenario; absent for a scenario whose questions may not be seen. */
  items: Map<string, (number | null)[]>;
}

async function collectRun(source: RunSource, { withoutClosedItems = false }: CollectOptions, note: (text: string) => void): Promise<CollectedRun> {
  const stored = await readStoredRun(source.store, source.run);
  const suite = await loadSuite(source.store, stored.suite);
  const items: CollectedRun['items'] = new Map();
  for (const stage of Object.keys(suite.stored.stages) as SuiteStage[]) {
    if (stage === 'closed' && withoutClosedItems) continue;
    const content = await stageUnlessLocked(source, stored.suite, stage, note);
    const values = content && (await itemValues(source, stored, stage, content));
    for (const [name, list] of values ?? []) items.set(name, list);
    if (content && !values) note(`${stored.run} kept no values of single questions of the ${stage} stage: its scores have no intervals`);
  }
  const questions = canonicalJson(Object.entries(suite.stored.stages).map(([stage, kept]) => [stage, kept.questionsSha256]));
  return { stored, questions, items, trainingMs: trainingDurationMs(await artifactBytes(source.store, stored.manifest, 'history.json')) };
}

async function stageUnlessLocked(source: RunSource, suite: string, stage: SuiteStage, note: (text: string) => void): Promise<SuiteStageContent | undefined> {
  try {
    return await loadSuiteStage(source, suite, stage);
  } catch (error) {
    if (outcomeOf(error)?.code !== 'SUITE_KEY_MISSING') throw error;
    note(`without the values of single ${stage} questions: ${(error as Error).message}`);
    return undefined;
  }
}

function tableOf(runs: CollectedRun[]): Results {
  const ids = namesOf(runs.map(({ stored }) => stored));
  const columns = scenariosOf(runs).map(({ name, stage }) => ({ id: name, scenario: name, stage, better: 'higher' as const }));
  const withItems = columns.filter(({ id }) => runs.some(({ items }) => items.has(id)));
  const models = runs.map((run, index) => ({
    id: ids[index] ?? run.stored.run,
    values: Object.fromEntries(columns.map(({ id, stage }) => [id, valueOf(run, stage, id)])),
    trainingMs: run.trainingMs,
  }));
  const itemsOf = (column: string): Record<string, (number | null)[]> =>
    Object.fromEntries(runs.flatMap((run, index) => (run.items.has(column) ? [[ids[index] ?? run.stored.run, run.items.get(column) ?? []]] : [])));
  const items = Object.fromEntries(withItems.map(({ id }) => [id, itemsOf(id)]));
  return { schema: 'reprise.results/v1', columns, models, ...(withItems.length > 0 ? { items } : {}) };
}

/** Null where none of the scenario's questions has a value, which the stored score gives as 0. */
function valueOf({ stored, items }: CollectedRun, stage: SuiteStage, scenario: string): number | null {
  if (items.get(scenario)?.every((value) => value === null)) return null;
  return stored.scores[stage]?.scenarios.find(({ name }) => name === scenario)?.score ?? null;
}

function scenariosOf(runs: CollectedRun[]): { name: string; stage: SuiteStage }[] {
  const found = new Map<string, { name: string; stage: SuiteStage }>();
  for (const { stored } of runs) {
    for (const score of [stored.scores.open, stored.scores.closed]) {
      for (const { name } of score?.scenarios ?? []) found.set(name, { name, stage: score?.stage ?? 'open' });
    }
  }
  return [...found.values()];
}

function namesOf(runs: readonly StoredRun[]): string[] {
  return runs.map(({ name, run }) => (runs.filter((other) => other.name === name).length > 1 ? run : name));
}
