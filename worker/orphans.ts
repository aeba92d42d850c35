import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createCleanUpActivities } from '../activities/cleanup.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import { labelNames } from '../activities/io/docker/names.ts';
import { onEngine } from '../activities/io/docker/errors.ts';
import { hostQueue, limits, Move, movePrefix } from '../domain/index.ts';
import { runName } from '../workflows/contract.ts';

/**
 * Removes again and again what is left in this host's engine of runs that have ended, or have moved to another host while this one
 * was gone. Only what this installation knows for certain: engines are shared. Runs until `signal` is aborted.
 */
export async function sweepOrphans(dependencies: Dependencies, client: Client, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweepOnce(dependencies, client, logger).catch((error: unknown) => logger.warn({ error }, 'not looked for what ended runs left'));
    await sleep(limits.orphanSweepMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves to the runs of which something was removed. */
export async function sweepOnce(dependencies: Dependencies, client: Client, logger: Logger): Promise<string[]> {
  const { cleanUp } = createCleanUpActivities(dependencies);
  const swept: string[] = [];
  for (const [run, workflowId] of await runsInEngine(dependencies)) {
    if (!(await hasMoved(dependencies, run)) && !(await hasEnded(client, workflowId, run))) continue;
    await cleanUp({ run });
    logger.info({ run }, 'removed what was left of a run');
    swept.push(run);
  }
  return swept;
}

/**
 * Runs by the labels of what they have in the engine, with their workflow: a clean-up that was broken off can have left volumes
 * alone. What builds leave has the labels that its image claims, and no name of ours.
 */
async function runsInEngine({ docker }: Dependencies): Promise<Map<string, string>> {
  const filters = { label: [labelNames.run] };
  const containers = await onEngine('listing containers', () => docker.listContainers({ all: true, filters }));
  const networks = await onEngine('listing networks', () => docker.listNetworks({ filters }));
  const volumes = await onEngine('listing volumes', () => docker.listVolumes({ filters }));
  const found = [...containers.map(({ Names, Labels }) => ({ Name: Names[0]?.slice(1) ?? '', Labels })), ...networks, ...(volumes.Volumes ?? [])];
  const ours = found.filter(({ Name }) => Name.startsWith('reprise-')).map(({ Labels }) => (Labels as Record<string, string> | null) ?? {});
  return new Map(ours.map((each) => [each[labelNames.run] ?? '', each[labelNames.workflow] ?? '']));
}

async function hasMoved({ store, settings }: Dependencies, run: string): Promise<boolean> {
  let newest: string | undefined;
  for await (const { key } of store.list(movePrefix(run))) if (newest === undefined || key > newest) newest = key;
  const bytes = newest === undefined ? undefined : await store.get(newest);
  return bytes !== undefined && Move.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).to !== hostQueue(settings.host);
}

/** A workflow that this server does not know may be another installation's. */
async function hasEnded(client: Client, workflowId: string, run: string): Promise<boolean> {
  for await (const { runId, status } of client.workflow.list({ query: `WorkflowId = ${JSON.stringify(workflowId)}` })) {
    if (runName(workflowId, runId) === run) return status.name !== 'RUNNING';
  }
  return false;
}
