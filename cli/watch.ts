import { setTimeout as sleep } from 'node:timers/promises';
import { QueryNotRegisteredError, ServiceError, WorkflowFailedError } from '@temporalio/client';
import type { Run, StageProgress } from '../domain/index.ts';
import type { Reprise } from './connection.ts';
import { findRun, isOpen, readProgress, readRun, type FoundRun } from './runs.ts';

/** One look at a run: its stages, what the running ones say, and what is waited for. */
export interface RunView {
  run: Run | undefined;
  progress: StageProgress[];
  waiting: string[];
  isOpen: boolean;
}

/**
 * Yields the state of a run every `everyMs` until it has ended; the last view has `isOpen: false`. Then returns the final
 * state, or throws the failure with which the workflow ended (ApplicationFailure with a code of domain/failures.ts).
 */
export async function* watchRun(
  reprise: Reprise,
  name: string | FoundRun,
  { everyMs = 1_000, signal }: { everyMs?: number; signal?: AbortSignal } = {},
): AsyncGenerator<RunView, Run> {
  const found = typeof name === 'string' ? await findRun(reprise, name) : name;
  for (;;) {
    const open = await isOpen(found);
    const run = await askWorkflow(found);
    yield { run, isOpen: open, ...(open ? await readProgress(found) : { progress: [], waiting: [] }) };
    if (!open) break;
    await sleep(everyMs, undefined, signal ? { signal } : {});
  }
  return finalState(found);
}

/** The result of a closed run. A cancelled one has no result: its last state is asked for. */
export async function finalState(found: FoundRun): Promise<Run> {
  try {
    return { ...((await found.handle.result()) as Run), uiUrl: found.uiUrl };
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure') return readRun(found);
    throw error;
  }
}

/** Undefined while no worker can answer: the run goes on when one is back. */
async function askWorkflow(found: FoundRun): Promise<Run | undefined> {
  try {
    return await readRun(found);
  } catch (error) {
    if (error instanceof ServiceError || error instanceof QueryNotRegisteredError) return undefined;
    throw error;
  }
}
