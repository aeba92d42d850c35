import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundsLayers, layerQuota } from '../../../../activities/io/docker/layer-quota.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { docker, inspected, newContext, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

it('is asked of the storage driver exactly where that has it, and leaves no trace of having been tried', async () => {
  const before = (await docker.listContainers({ all: true })).filter(({ Names }) => Names.some((name) => name.startsWith('/reprise-quota-')));
  const bounds = await boundsLayers(docker, busyboxImage);
  const { Driver, DriverStatus } = (await docker.info()) as { Driver: string; DriverStatus: [string, string][] };
  // Of overlay2 only XFS can have them.
  if (Driver === 'overlay2' && !DriverStatus.some(([, value]) => value === 'xfs')) expect(bounds).toBe(false);
  const quota = await layerQuota(docker, busyboxImage, 1024 ** 3);
  expect(Object.keys(quota)).toEqual(bounds ? ['StorageOpt'] : []);
  expect(await layerQuota(docker, busyboxImage, undefined)).toEqual({});
  const context = newContext('quota');
  await train(await thatRuns('echo x > /output/x'), context);
  expect(Object.keys((await inspected(context.run)).HostConfig.StorageOpt ?? {})).toEqual(bounds ? ['size'] : []);
  const after = (await docker.listContainers({ all: true })).filter(({ Names }) => Names.some((name) => name.startsWith('/reprise-quota-')));
  expect(after.length).toBeLessThanOrEqual(before.length);
});
