import { ApplicationFailure } from '@temporalio/common';
import type { Dependencies } from '../dependencies.ts';
import { failure, outcomeOf } from '../failure.ts';
import type { StageContext } from '../stage.ts';
import { openStageLog, type Redact, type StageLog } from './stage-log.ts';

/**
 * Runs `use` with the stage's log. Where it fails, the log is closed and the failure names it (`logKey`); where the attempt is
 * given up, what was written is made durable and the log stays open for the next attempt.
 */
export async function withStageLog<Result>(
  { store, settings }: Pick<Dependencies, 'store' | 'settings'>,
  context: Pick<StageContext, 'run' | 'stage' | 'signal'>,
  redact: Redact,
  use: (log: StageLog) => Promise<Result>,
): Promise<Result> {
  const { run, stage } = context;
  const log = await openStageLog(store, { run, stage, scratchDirectory: settings.scratchDirectory, redact });
  try {
    return await use(log);
  } catch (error) {
    if (outcomeOf(error)?.code === 'STORE_UNREACHABLE') throw error;
    if (context.signal.aborted || !outcomeOf(error)) await log.flush();
    else throw withLogKey(error as ApplicationFailure, (await log.close()).key);
    throw error;
  }
}

function withLogKey(error: ApplicationFailure, logKey: string): ApplicationFailure {
  const outcome = outcomeOf(error);
  return outcome ? failure(outcome.code as Parameters<typeof failure>[0], error.message, { cause: error.cause, logKey }) : error;
}
