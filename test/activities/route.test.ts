import pino from 'pino';
import { expect, it } from 'vitest';
import { putBlob } from '../../activities/io/blobs.ts';
import { createRouteActivities } from '../../activities/route.ts';
import { mediaTypes } from '../../domain/index.ts';
import { memoryStore } from '../fakes/memory-store.ts';

const left = { host: 'reprise-host-a', train: 'reprise-cpu-a' };
const here = { host: 'reprise-host-b', train: 'reprise-cpu-b' };

async function world() {
  const store = memoryStore();
  const layer = await putBlob(store, Buffer.from('layer'), mediaTypes.bytes);
  const configuration = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [`sha256:${layer.sha256}`] } };
  const config = await putBlob(store, Buffer.from(JSON.stringify(configuration)), mediaTypes.json);
  return { store, layer: layer.key, image: `sha256:${config.sha256}` };
}

function route({ store }: Awaited<ReturnType<typeof world>>, polled: string[], images: string[] | undefined, track: 'cpu' | 'a100' = 'cpu') {
  const dependencies = { store, logger: pino({ level: 'silent' }), settings: { host: 'b' } as never, isPolled: async (queue: string) => polled.includes(queue) };
  return createRouteActivities(dependencies).route({ run: 'r', track, queues: left, ...(images ? { images } : {}) });
}

const moves = ({ store }: Awaited<ReturnType<typeof world>>): string[] => [...store.objects.keys()].filter((key) => key.startsWith('runs/r/moves/'));

it('leaves a run where its host has a worker, however long its work waits for a device', async () => {
  const given = await world();
  expect(await route(given, [left.host], [given.image])).toEqual({ queues: left, isGone: false });
  expect(moves(given)).toEqual([]);
});

it('moves a run whose host is gone to the host of the worker that was asked, and writes that down', async () => {
  const given = await world();
  expect(await route(given, [], [given.image])).toEqual({ queues: here, isGone: true });
  expect(moves(given)).toHaveLength(1);
  expect(await route(await world(), [], [])).toEqual({ queues: here, isGone: true });
});

it.each([
  ['its images are not all in the store', (given: Awaited<ReturnType<typeof world>>) => void given.store.objects.delete(given.layer), 'cpu'],
  ['this host has no device of its track', () => undefined, 'a100'],
] as const)('has a run wait for its host where %s', async (_, spoil, track) => {
  const given = await world();
  spoil(given);
  expect(await route(given, [], [given.image], track)).toEqual({ queues: left, isGone: true });
  expect(moves(given)).toEqual([]);
});

it('takes the host of the worker that is asked for one that has a worker', async () => {
  const { store } = await world();
  const dependencies = { store, logger: pino({ level: 'silent' }), settings: { host: 'a' } as never, isPolled: async () => false };
  expect(await createRouteActivities(dependencies).route({ run: 'r', track: 'cpu', queues: left, images: [] })).toEqual({ queues: left, isGone: false });
});

it('moves nothing that only asks whether the host is gone', async () => {
  expect(await route(await world(), [], undefined)).toEqual({ queues: left, isGone: true });
});
