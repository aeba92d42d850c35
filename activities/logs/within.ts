import type { ApplicationFailure } from '@temporalio/common';
import type { Dependencies } from '../dependencies.ts';
import { failure, outcomeOf } from '../failure.ts';
import type { StageContext } from '../stage.ts';
import { takeLease, type Lease } from './lease.ts';
import { openStageLog, type Redact, type StageLog } from './stage-log.ts';

/**
 * Runs `use` with the stage's log and the lease that lets this attempt write it. Where it fails, the log is closed and the failure names it (`logKey`); where the attempt is
 * given up, what was written is made durable and the log stays open for the next attempt.
 */
export async function withStageLog<Result>(
  { store, settings }: Pick<Dependencies, 'store' | 'settings'>,
  context: Pick<StageContext, 'run' | 'stage' | 'signal'>,
  redact: Redact,
  use: (log: StageLog, lease: Lease) => Promise<Result>,
): Promise<Result> {
  const { run, stage } = context;
  const lease = await takeLease(store, { run, stage });
  const log = await openStageLog(store, { run, stage, scratchDirectory: settings.scratchDirectory, redact, lease });
  try {
    return await use(log, lease);
  } catch (error) {
    if (silencing.has(outcomeOf(error)?.code)) throw error;
    if (context.signal.aborted || !outcomeOf(error)) await log.flush();
    else throw withLogKey(error as ApplicationFailure, (await log.close()).key);
    throw error;
  }
}

/** After these nothing can be written. */
const silencing = new Set<string | undefined>(['STORE_UNREACHABLE', 'ATTEMPT_SUPERSEDED']);

function withLogKey(error: ApplicationFailure, logKey: string): ApplicationFailure {
  const outcome = outcomeOf(error);
  return outcome ? failure(outcome.code as Parameters<typeof failure>[0], error.message, { cause: error.cause, logKey }) : error;
}
