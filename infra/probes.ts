import type { WorkflowService } from '@temporalio/client';
import type { Config } from './config.ts';
import { namespaceProblem, withConnection } from './namespace.ts';
import { SetupError, type Problem } from './step.ts';
import { cpuQueue, hostQueue } from '../domain/index.ts';
import { workflowQueue } from '../workflows/contract.ts';

/** Whether the Temporal server answers requests, not only connections. */
export async function probeTemporal(config: Config): Promise<'ok' | Problem> {
  return probed(config, async (connection) => {
    await connection.workflowService.getSystemInfo({});
    return 'ok';
  });
}

export async function probeNamespace(config: Config): Promise<'ok' | Problem> {
  return probed(config, (connection) => namespaceProblem(connection, config));
}

/** Whether the object store answers at all; what it can do is asked by store-probe.ts. */
export async function probeStore(config: Config): Promise<'ok' | Problem> {
  try {
    await fetch(config.s3Endpoint, { signal: AbortSignal.timeout(5_000) });
    return 'ok';
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { problem: `no object store answers at ${config.s3Endpoint} (${cause})`, nextStep: 'Run `reprise up`.' };
  }
}

/** When a worker asked for the work of a task queue the last time (Unix time in ms), 0 where none did in the last five minutes. */
export async function lastPolledMs(service: WorkflowService, namespace: string, name: string, taskQueueType: 1 | 2): Promise<number> {
  const { pollers } = await service.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
  return Math.max(0, ...(pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 + 999));
}

/** A poller that was not seen for so long has gone; a poll takes one minute at most. */
export const pollerGoneMs = 70_000;

/** Whether a worker asks for the work of this host, since `sinceMs` where one was just started. */
export async function probeWorker(config: Config, sinceMs = Date.now() - pollerGoneMs): Promise<'ok' | Problem> {
  return probed(config, async ({ workflowService }) => {
    for (const name of [workflowQueue, hostQueue(config.host), cpuQueue(config.host)]) {
      const taskQueueType = name === workflowQueue ? workflowTasks : activityTasks;
      if ((await lastPolledMs(workflowService, config.namespace, name, taskQueueType)) < sinceMs) return { problem: `no worker polls the task queue ${name}`, nextStep: 'Run `reprise up`.' };
    }
    return 'ok';
  });
}

/** temporal.api.enums.v1.TaskQueueType. */
const workflowTasks = 1;
export const activityTasks = 2;

async function probed(config: Config, ask: Parameters<typeof withConnection<'ok' | Problem>>[1]): Promise<'ok' | Problem> {
  try {
    return await withConnection(config, ask);
  } catch (error) {
    const nextStep = error instanceof SetupError ? error.nextStep : 'Read the log of the Temporal server.';
    return { problem: error instanceof Error ? error.message : String(error), nextStep };
  }
}
