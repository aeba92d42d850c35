import { z } from 'zod';
import type { Question, SuiteStage } from '../../domain/index.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { failure } from '../failure.ts';
import { readSuiteStage, scratchOf, type SuiteDependencies } from '../intake/suite.ts';
import { getBlobStream } from '../io/blobs.ts';
import { type Place, type Spool, withSpool } from '../io/spool.ts';
import { splitLines } from '../io/split-lines.ts';
import type { StoredRun } from './stored-run.ts';

const Item = z.looseObject({ id: z.string(), metrics: z.record(z.string(), z.number().nullable()) });
type Metrics = z.infer<typeof Item>['metrics'];

/** The values of a scenario's questions in the suite's order: a column a metric, as there may be hundreds of thousands of questions. */
export interface ScenarioItems {
  /** Of each question's first metric, which the scenario's score is the mean of. */
  first: (number | null)[];
  /** Null where a question does not name the metric. */
  metrics: Map<string, (number | null)[]>;
}

/**
 * The values of a stage's questions by scenario, without perturbed copies, which have no part in a mean. Undefined where the run kept
 * none. Failures: SUITE_KEY_MISSING, STORE_CORRUPT where they do not fit the suite.
 */
export async function itemValues(dependencies: SuiteDependencies, { run, manifest, suite }: StoredRun, stage: SuiteStage): Promise<Map<string, ScenarioItems> | undefined> {
  const asked = await readSuiteStage(dependencies, suite, stage);
  const listed = manifest.artifacts.find(({ path }) => path === `scores/items-${stage}.jsonl`);
  if (!listed) return undefined;
  return withSpool(scratchOf(dependencies), async (spool) => {
    const places = await setAside(dependencies, listed.sha256, { run, stage }, spool);
    const scenarios = new Map<string, ScenarioItems>();
    for await (const { scenario: name, question } of asked) {
      const scenario = scenarios.get(name) ?? { first: [], metrics: new Map() };
      scenarios.set(name, scenario);
      if (question.perturbation !== undefined) continue;
      const place = places.get(question.id);
      if (place === undefined) throw failure('STORE_CORRUPT', `the item values of the ${stage} stage of ${run} do not fit its suite`);
      add(scenario, question, JSON.parse(spool.readText(place)) as Metrics);
    }
    for (const { first, metrics } of scenarios.values()) for (const column of metrics.values()) fill(column, first.length);
    return scenarios;
  });
}

/** Where each question's values stand, by its id. */
async function setAside({ store, settings }: SuiteDependencies, sha256: string, of: { run: string; stage: SuiteStage }, spool: Spool): Promise<Map<string, Place>> {
  const sealing = await openSealing(settings, of.stage);
  const places = new Map<string, Place>();
  for await (const line of splitLines(sealing.openPortions(await getBlobStream(store, sha256)))) {
    if (line.length === 0) continue;
    const { id, metrics } = readItem(line, of);
    places.set(id, spool.appendText(JSON.stringify(metrics)));
  }
  return places;
}

function add({ first, metrics }: ScenarioItems, question: Question, values: Metrics): void {
  for (const [name, value] of Object.entries(values)) {
    const column = metrics.get(name) ?? [];
    metrics.set(name, column);
    fill(column, first.length);
    column.push(value);
  }
  first.push(values[question.metrics[0] ?? ''] ?? null);
}

function fill(column: (number | null)[], length: number): void {
  while (column.length < length) column.push(null);
}

/** Names the run and never quotes the line, which may be of the closed stage. */
function readItem(line: Buffer, { run, stage }: { run: string; stage: SuiteStage }): z.infer<typeof Item> {
  try {
    return Item.parse(JSON.parse(line.toString('utf8')));
  } catch {
    throw failure('STORE_CORRUPT', `a line of the item values of the ${stage} stage of ${run} is none`);
  }
}
