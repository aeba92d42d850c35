import { existsSync, readlinkSync } from 'node:fs';
import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Logger } from 'pino';
import { failure } from '../activities/failure.ts';
import type { StageCost } from '../domain/index.ts';
import { identify, isAlive } from '../infra/processes.ts';
import { workflowType } from '../workflows/contract.ts';

/** What a worker process is called in Temporal: by it a later one on the same host knows whether it still lives. */
export function workerIdentity(host: string): string {
  return [host, processNamespace(), process.pid, identify(process.pid)?.startedBy].join(' ');
}

/**
 * Whether the process behind an identity has ended. Only what this process could see is judged: a worker of another host or
 * another container may live.
 */
export function hasEnded(identity: string, host: string): boolean {
  const [ofHost, namespace, pid, startedBy] = identity.split(' ');
  if (ofHost !== host || namespace === '' || namespace !== processNamespace() || startedBy === undefined) return false;
  return !isAlive({ pid: Number(pid), startedBy });
}

/**
 * Gives back what a killed worker of this host left in its hands, so that it goes on now and not when its heartbeats are missed.
 * Each attempt fails with WORKER_LOST, which Temporal tries again. Resolves to how many there were.
 */
export async function giveBackLeftBehind(client: Client, host: string, logger: Logger): Promise<number> {
  let given = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Running'` })) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    for (const { activityId, lastWorkerIdentity, state, heartbeatDetails } of raw.pendingActivities ?? []) {
      if (state !== started || !activityId || !hasEnded(lastWorkerIdentity ?? '', host)) continue;
      if (await giveBack(client, { workflowId, runId, activityId }, costTold(heartbeatDetails?.payloads?.[0]))) given += 1;
    }
  }
  if (given > 0) logger.info({ activities: given }, 'took over from a worker that was killed');
  return given;
}

/** temporal.api.enums.v1.PendingActivityState. */
const started = 2;

/** By the last heartbeat: where the run is cancelled there is no next attempt, and nobody else tells it. */
function costTold(heartbeat: Payload | undefined): StageCost | undefined {
  return heartbeat ? (defaultPayloadConverter.fromPayload<{ cost?: StageCost }>(heartbeat) ?? {}).cost : undefined;
}

/** False where it has ended or timed out meanwhile. */
async function giveBack(client: Client, activity: { workflowId: string; runId: string; activityId: string }, cost: StageCost | undefined): Promise<boolean> {
  try {
    await client.activity.fail(activity, failure('WORKER_LOST', 'the worker that ran this stage was killed; the next one goes on', cost ? { cost } : {}));
    return true;
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return false;
    throw error;
  }
}

/** Empty where the kernel has none; then nobody is judged. */
function processNamespace(path = '/proc/self/ns/pid'): string {
  return existsSync(path) ? readlinkSync(path) : '';
}
