import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { containerName, deviceLeaseName } from '../../../../activities/io/docker/names.ts';
import { releaseDevice, takeDevice, untilDeviceTaken } from '../../../../activities/train/device-lease.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { runName } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { dependencies, docker, newContext, thatRuns, train } = bench;
const uuid = `GPU-${runName('device')}`;

function ownerOf(run: string) {
  return { run, stage: 'train', workflowId: 'test' } as const;
}

beforeAll(() => ensureBusybox(docker));
afterEach(() => docker.getContainer(deviceLeaseName(uuid)).remove({ force: true }).catch(() => undefined));
afterAll(() => bench.takeDown(), 60_000);

describe('a device', { timeout: 120_000 }, () => {
  it('is one run’s at a time under 50 concurrent starts, of which some crash', async () => {
    const runs = Array.from({ length: 50 }, (_, index) => runName(`start-${index}`));
    const crashed = new Set(runs.filter((_, index) => index % 7 === 3));
    let holders = 0;
    let most = 0;
    let served = 0;
    await Promise.all(
      runs.map(async (run) => {
        const owner = ownerOf(run);
        while ((await takeDevice(docker, uuid, owner, busyboxImage)).heldBy !== run) await sleep(50 + Math.random() * 100);
        holders += 1;
        most = Math.max(most, holders);
        // A crashed attempt is tried again by the same run, which has the device already.
        if (crashed.has(run)) expect(await takeDevice(docker, uuid, owner, busyboxImage)).toEqual({ heldBy: run });
        await sleep(5);
        holders -= 1;
        served += 1;
        await releaseDevice(docker, uuid, owner);
      }),
    );
    expect({ most, served }).toEqual({ most: 1, served: 50 });
    await expect(docker.getContainer(deviceLeaseName(uuid)).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  it('is taken from a run that left it behind by one of many that want it, and not from one whose training runs', async () => {
    const dead = ownerOf(runName('dead'));
    const quick = 1_000;
    await takeDevice(docker, uuid, dead, busyboxImage);
    expect(await takeDevice(docker, uuid, ownerOf('other'), busyboxImage, quick)).toEqual({ heldBy: dead.run });
    const training = await docker.createContainer({ name: containerName(dead), Image: busyboxImage, Cmd: ['sleep', '60'] });
    await training.start();
    await sleep(1_500);
    expect(await takeDevice(docker, uuid, ownerOf('other'), busyboxImage, quick)).toEqual({ heldBy: dead.run });
    await training.remove({ force: true });
    const wanting = Array.from({ length: 20 }, (_, index) => runName(`want-${index}`));
    const held = await Promise.all(wanting.map(async (run) => (await takeDevice(docker, uuid, ownerOf(run), busyboxImage, quick)).heldBy));
    expect(new Set(held).size).toBe(1);
    expect(wanting).toContain(held[0]);
  });

  it('is waited for, and given back by its own run only', async () => {
    const first = ownerOf(runName('first'));
    const second = ownerOf(runName('second'));
    await takeDevice(docker, uuid, first, busyboxImage);
    await releaseDevice(docker, uuid, second);
    const told: string[] = [];
    const waiting = untilDeviceTaken(docker, uuid, second, busyboxImage, new AbortController().signal, (run) => told.push(run));
    await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await releaseDevice(docker, uuid, first);
    await waiting;
    expect(told[0]).toBe(first.run);
    expect((await takeDevice(docker, uuid, first, busyboxImage)).heldBy).toBe(second.run);
  });

  it('that the engine cannot give is a platform fault, and the device is free again', async () => {
    dependencies.settings.gpuDevices = [uuid];
    const context = newContext('runtime');
    const failed = train(await thatRuns('true', { track: 'a100', trainingNetwork: 'none' }), context, { limits: { memoryBytes: 64 * 1024 ** 2 } });
    await expect(failed).rejects.toMatchObject({ type: 'GPU_RUNTIME_MISSING', message: expect.stringContaining('could not select device driver') });
    const { HostConfig } = await bench.inspected(context.run);
    expect(HostConfig.DeviceRequests).toMatchObject([{ Driver: 'nvidia', DeviceIDs: [uuid], Capabilities: [['gpu']] }]);
    await expect(docker.getContainer(deviceLeaseName(uuid)).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});
