import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../activities/io/subprocess.ts';
import type { AimOf } from './aim.ts';
import { isOpen, type Submitted } from './workload.ts';
import type { World } from './world.ts';

/** Stages whose retry in a new run does nothing again that took a GPU. */
const stages = new Set(['scanSource', 'pin', 'upload', 'storeImages', 'evaluate', 'score']);

/**
 * The clock of the retries runs out: a stage that is at work has no attempt left, and the store fails for longer than anybody asks
 * again. The run must end as the platform's fault, and its retry must come to the same score.
 */
export const retriesExhausted: AimOf = async (world, _fault, submitted) => {
  const found = await findStage(world, submitted);
  if (!found) return undefined;
  return {
    what: `${found.activity} of ${found.run.name}: no attempt left, and the store refuses`,
    async strike() {
      found.run.givenUp = true;
      await temporal(world, ['activity', 'update-options', '--workflow-id', found.run.workflowId, '--activity-id', found.id, '--retry-maximum-attempts', String(found.attempt)]);
      world.store.behave('refusing');
      const endMs = performance.now() + mostMs;
      while (performance.now() < endMs && (await pending(world, found.run)).some(({ id }) => id === found.id)) await sleep(500);
      world.store.behave('well');
    },
    isUp: async () => true,
    beatsCount: false,
  };
};

/** The store's client asks again for about as long. */
const mostMs = 60_000;

interface Pending {
  id: string;
  activity: string;
  attempt: number;
}

async function findStage(world: World, submitted: Submitted[]): Promise<(Pending & { run: Submitted }) | undefined> {
  for (const each of submitted.filter((other) => isOpen(other) && other.givenUp !== true)) {
    const found = (await pending(world, each)).find(({ activity }) => stages.has(activity));
    if (found) return { ...found, run: each };
  }
  return undefined;
}

async function pending(world: World, { workflowId }: Submitted): Promise<Pending[]> {
  const text = await temporal(world, ['workflow', 'describe', '--workflow-id', workflowId, '--output', 'json']);
  if (text === undefined) return [];
  const { pendingActivities = [] } = JSON.parse(text) as { pendingActivities?: { activityId: string; activityType: { name: string }; attempt?: number; state: string }[] };
  return pendingActivities
    .filter(({ state }) => state === 'PENDING_ACTIVITY_STATE_STARTED')
    .map(({ activityId, activityType, attempt }) => ({ id: activityId, activity: activityType.name, attempt: attempt ?? 1 }));
}

/** Temporal's own command line; undefined where the server does not answer. */
async function temporal({ config, scratch }: World, args: string[]): Promise<string | undefined> {
  const answer = await run(join(scratch, 'cache', 'bin', 'temporal'), [...args, '--address', config.temporalAddress, '--namespace', config.namespace], { timeoutMs: 10_000 }).catch(() => undefined);
  return answer?.exitCode === 0 ? answer.stdout : undefined;
}
