import { z } from 'zod';
import type { Question, SuiteStage, SuiteStageContent } from '../../domain/index.ts';
import { openSealing } from '../evaluate/sealing.ts';
import { failure } from '../failure.ts';
import type { SuiteDependencies } from '../intake/suite.ts';
import { artifactBytes, type StoredRun } from './stored-run.ts';

const Item = z.looseObject({ id: z.string(), metrics: z.record(z.string(), z.number().nullable()) });

/** One question's values. */
export interface ItemRow {
  /** Of its first metric, which its scenario's score is the mean of. */
  first: number | null;
  metrics: Readonly<Record<string, number | null>>;
}

/**
 * The values of a stage's questions by scenario, in the suite's order, without perturbed copies, which have no part in a mean.
 * Undefined where the run kept none. Failures: SUITE_KEY_MISSING, STORE_CORRUPT where they do not fit the suite.
 */
export async function itemValues(
  { store, settings }: SuiteDependencies,
  { run, manifest }: StoredRun,
  stage: SuiteStage,
  content: SuiteStageContent,
): Promise<Map<string, ItemRow[]> | undefined> {
  const bytes = await artifactBytes(store, manifest, `scores/items-${stage}.jsonl`);
  if (!bytes) return undefined;
  const sealing = await openSealing(settings, stage);
  const lines = Buffer.from(sealing.open(bytes)).toString('utf8').split('\n').filter((line) => line !== '');
  const items = new Map(lines.map((line) => readItem(line, run, stage)).map((item) => [item.id, item.metrics]));
  const rowOf = ({ id, metrics }: Question): ItemRow => {
    const values = items.get(id);
    if (!values) throw failure('STORE_CORRUPT', `the item values of the ${stage} stage of ${run} do not fit its suite`);
    return { first: values[metrics[0] ?? ''] ?? null, metrics: values };
  };
  return new Map(content.scenarios.map(({ name, questions }) => [name, questions.filter(({ perturbation }) => perturbation === undefined).map(rowOf)]));
}

/** Names the run and never quotes the line, which may be of the closed stage. */
function readItem(line: string, run: string, stage: SuiteStage): z.infer<typeof Item> {
  try {
    return Item.parse(JSON.parse(line));
  } catch {
    throw failure('STORE_CORRUPT', `a line of the item values of the ${stage} stage of ${run} is none`);
  }
}
