import { hostQueue, mediaTypes, moveKey, tracks, type Move } from '../domain/index.ts';
import type { Activities, Queues, RouteInput } from '../workflows/contract.ts';
import type { Dependencies } from './dependencies.ts';
import { discoverGpus, gpusOf, trainQueue } from './intake/gpus.ts';
import { storedLayout } from './store-images/index.ts';

type RouteDependencies = Pick<Dependencies, 'store' | 'settings' | 'logger' | 'isPolled'>;

/** The activity by which a run whose host has no worker any more comes to the host of the worker that runs it. */
export function createRouteActivities(dependencies: RouteDependencies): Pick<Activities, 'route'> {
  return {
    async route(input) {
      // A worker that has just come back asks in a moment.
      const isHere = input.queues.host === hostQueue(dependencies.settings.host);
      if (isHere || (await dependencies.isPolled(input.queues.host))) return { queues: input.queues, isGone: false };
      const queues = await queuesHere(dependencies, input);
      if (!queues) return { queues: input.queues, isGone: true };
      await writeMove(dependencies, input, queues);
      return { queues, isGone: true };
    },
  };
}

/** Undefined where the run cannot go on here: then it waits for its host, or for a worker of another. */
async function queuesHere({ store, settings: { host, offeredGpus } }: RouteDependencies, { run, track, images }: RouteInput): Promise<Queues | undefined> {
  if (images === undefined) return undefined;
  for (const id of images) if (!(await storedLayout(store, id))) return undefined;
  const gpus = tracks[track].gpu === undefined ? [] : gpusOf(track, await discoverGpus(offeredGpus));
  if (tracks[track].gpu !== undefined && gpus.length === 0) return undefined;
  return { host: hostQueue(host), train: trainQueue(track, host, run, gpus) };
}

/** By this the host that was left knows that what it has of the run is nobody's any more. */
async function writeMove({ store, logger }: RouteDependencies, { run, queues }: RouteInput, to: Queues): Promise<void> {
  const at = new Date().toISOString();
  const move: Move = { schema: 'reprise.move/v1', at, from: queues.host, to: to.host };
  await store.putIfAbsent(moveKey(run, at), Buffer.from(JSON.stringify(move)), mediaTypes.json);
  logger.warn({ run, from: queues.host, to: to.host }, 'the run moves to another host');
}
