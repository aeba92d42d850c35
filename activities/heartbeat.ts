import { Context } from '@temporalio/activity';
import { costOf, type Spent, type StageName, type StageProgress } from '../domain/index.ts';
import type { StageRun } from '../workflows/contract.ts';
import type { Dependencies } from './dependencies.ts';
import type { StageContext } from './stage.ts';

/** Below the heartbeat timeout of workflows/policy.ts, and often enough for `reprise watch`. */
export const heartbeatEveryMs = 5_000;

/**
 * Signals make the workflow's details live in the Temporal UI but cost history events, so they come at growing intervals:
 * about ten in 24 hours. Heartbeats carry everything in between.
 */
export function* signalInstants(): Generator<number, never> {
  for (let atMs = 0, intervalMs = 3_000; ; intervalMs *= 2.5) yield (atMs += intervalMs);
}

/** Runs `compute` with a context that heartbeats the latest progress and what was spent, also while nothing new is reported. */
export async function withHeartbeat<Result>(
  dependencies: Pick<Dependencies, 'signalProgress' | 'logger'>,
  stageRun: StageRun,
  stage: StageName,
  spent: () => Spent,
  compute: (context: StageContext) => Promise<Result>,
): Promise<Result> {
  const activity = Context.current();
  let latest: StageProgress = { stage, message: 'started', at: new Date().toISOString() };
  const startMs = Date.now();
  const instants = signalInstants();
  let nextSignalAt = startMs + instants.next().value;
  const told = (): StageProgress => ({ ...latest, cost: costOf(spent()) });
  const beat = (): void => activity.heartbeat({ ...told(), spent: spent() });
  const signal = (): void => {
    if (Date.now() < nextSignalAt) return;
    nextSignalAt = startMs + instants.next().value;
    dependencies.signalProgress(stageRun.workflowId, told()).catch((error: unknown) => {
      dependencies.logger.warn({ error, stage }, 'progress signal not delivered');
    });
  };
  beat();
  const timer = setInterval(() => (beat(), signal()), heartbeatEveryMs);
  try {
    return await compute({
      stage,
      run: stageRun.run,
      workflowId: stageRun.workflowId,
      attempt: activity.info.attempt,
      signal: activity.cancellationSignal,
      cancelled: () => activity.cancellationDetails?.cancelRequested === true,
      report(progress) {
        latest = { ...progress, stage, at: new Date().toISOString() };
        beat();
        signal();
      },
    });
  } finally {
    clearInterval(timer);
  }
}
