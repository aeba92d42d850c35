import { setTimeout as sleep } from 'node:timers/promises';
import { sequenceOf, logChunkPrefix, StageName } from '../domain/index.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';
import { isOpen, readRun, type FoundRun } from './runs.ts';

/** The stages whose output can be read; that of the closed evaluation may repeat questions, and is kept sealed. */
const loggedStages: readonly StageName[] = ['build', 'train', 'evaluate-open'];

/**
 * Lines of a run's logs, oldest first, from the store: readable on any machine, whether the run goes on or not. A stage that
 * was taken from the stage cache has its log where the run that computed it left it.
 */
export async function* followLogs(
  reprise: Reprise,
  found: FoundRun,
  { stage, follow = false }: { stage?: string; follow?: boolean },
): AsyncIterable<string> {
  for (const each of stage === undefined ? loggedStages : [stageNamed(stage)]) yield* stageLog(reprise, found, each, follow);
}

async function* stageLog(reprise: Reprise, found: FoundRun, stage: StageName, follow: boolean): AsyncIterable<string> {
  let read = -1;
  for (;;) {
    const goesOn = follow && (await stageGoesOn(found, stage));
    for await (const { key } of reprise.store.list(logChunkPrefix(found.run, stage))) {
      const sequence = sequenceOf(key) ?? -1;
      if (sequence <= read) continue;
      read = sequence;
      yield* linesOf(await reprise.store.get(key));
    }
    if (!goesOn) break;
    await sleep(1_000);
  }
  if (read === -1) yield* finishedLog(reprise, found, stage);
}

async function* finishedLog(reprise: Reprise, found: FoundRun, stage: StageName): AsyncIterable<string> {
  const run = await readRun(found);
  const key = run.stages.find(({ name }) => name === stage)?.outcome?.logKey;
  if (key !== undefined) yield* linesOf(await reprise.store.get(key));
}

async function stageGoesOn(found: FoundRun, stage: StageName): Promise<boolean> {
  if (!(await isOpen(found))) return false;
  const run = await readRun(found);
  const status = run.stages.find(({ name }) => name === stage)?.status;
  return status === 'waiting' || status === 'running';
}

function linesOf(bytes: Uint8Array | undefined): string[] {
  if (!bytes) return [];
  return Buffer.from(bytes).toString('utf8').replace(/\n$/, '').split('\n');
}

function stageNamed(text: string): StageName {
  const parsed = StageName.safeParse(text);
  if (parsed.success && parsed.data === 'evaluate-closed') {
    throw new UsageError('the log of the closed evaluation is sealed, since it may repeat questions', '`reprise diagnose RUN` says what may be known of it.');
  }
  if (parsed.success) return parsed.data;
  throw new UsageError(`there is no stage ${JSON.stringify(text)}`, `The stages with logs: ${loggedStages.join(', ')}.`);
}
