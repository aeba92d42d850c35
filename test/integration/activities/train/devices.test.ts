import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { containerName, deviceLeaseName, labelNames } from '../../../../activities/io/docker/names.ts';
import { releaseDevices, takeDevice, untilDeviceTaken } from '../../../../activities/io/docker/device-lease.ts';
import { withStageLog } from '../../../../activities/logs/index.ts';
import { withServer } from '../../../../activities/serve/index.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { runName, stageContext } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { dependencies, docker, newContext, thatRuns, train } = bench;
const uuid = `GPU-${runName('device')}`;

function ownerOf(run: string) {
  return { run, stage: 'train', workflowId: 'test' } as const;
}

/** How many containers ran on a device at once, by the engine's own account. */
async function watchUsage(device: string): Promise<{ end(): { most: number; starts: number } }> {
  const stream = (await docker.getEvents({ filters: { type: ['container'], event: ['start', 'die'], label: [`${labelNames.device}=${device}`] } })) as Readable;
  const running = new Set<string>();
  let most = 0;
  let starts = 0;
  createInterface({ input: stream }).on('line', (line) => {
    const { Action, id } = JSON.parse(line) as { Action: string; id: string };
    if (Action === 'start') [starts] = [starts + 1, running.add(id)];
    else running.delete(id);
    most = Math.max(most, running.size);
  });
  return { end: () => (stream.destroy(), { most, starts }) };
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
        await releaseDevices(docker, owner);
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
    await releaseDevices(docker, second);
    const told: string[] = [];
    const waiting = untilDeviceTaken(docker, [uuid], second, busyboxImage, new AbortController().signal, (run) => told.push(run));
    await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await releaseDevices(docker, first);
    await waiting;
    expect(told[0]).toBe(first.run);
    expect((await takeDevice(docker, uuid, first, busyboxImage)).heldBy).toBe(second.run);
  });

  it('has one container at a time, and is never lost, where 50 starts lie in processes of which some are killed at any moment', async () => {
    const image = (await thatRuns('sleep 0.1')).image.id;
    const usage = await watchUsage(uuid);
    const served = new Set<string>();
    const begin = (runs: string[]): ChildProcess => {
      const child = spawn(process.execPath, [join(import.meta.dirname, '../../../fixtures/device-holder.ts'), uuid, image, '3000', ...runs], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout?.on('data', (bytes: Buffer) => bytes.toString().split('\n').filter(Boolean).forEach((run) => served.add(run)));
      return child;
    };
    const groups = Array.from({ length: 10 }, (_, group) => Array.from({ length: 5 }, (_unused, index) => runName(`kill-${group}-${index}`)));
    const children = groups.map(begin);
    // Three of them come back as the next attempts of the same runs, two never do.
    for (const victim of [0, 1, 2, 3, 4]) {
      await expect.poll(() => served.size, { timeout: 120_000 }).toBeGreaterThan(victim * 3);
      await sleep(Math.random() * 400);
      children[victim]?.kill('SIGKILL');
      if (victim < 3) children[victim] = begin((groups[victim] ?? []).filter((run) => !served.has(run)));
    }
    const living = groups.flatMap((runs, group) => (group === 3 || group === 4 ? [] : runs));
    await expect.poll(() => living.filter((run) => !served.has(run)), { timeout: 200_000 }).toEqual([]);
    const after = ownerOf(runName('after'));
    expect(await untilDeviceTaken(docker, [uuid], after, busyboxImage, AbortSignal.timeout(30_000), () => undefined, 3_000)).toBe(uuid);
    await releaseDevices(docker, after);
    const { most, starts } = usage.end();
    expect(most).toBe(1);
    expect(starts).toBeGreaterThanOrEqual(living.length);
    for (const run of groups.flat()) await bench.cleanUp({ run });
  }, 300_000);

  it('is waited for by a server of its track as well, which gives it back', async () => {
    dependencies.settings.gpuDevices = [uuid];
    const training = ownerOf(runName('training'));
    await takeDevice(docker, uuid, training, busyboxImage);
    const context = stageContext(newContext('serving').run, 'evaluate-open');
    const { image } = await thatRuns('httpd -f -p 80');
    const bounds = { memoryBytes: 64 * 1024 ** 2 };
    const serving = withStageLog(dependencies, context, (line) => line, (log) =>
      withServer(dependencies, { run: context.run, stage: context.stage, image, track: 'a100', port: 80, readyTimeoutMs: 20_000, log }, context, async () => undefined, bounds),
    ).catch((error: unknown) => error);
    await expect.poll(() => context.reports.map(({ message }) => message)).toContain(`waiting for a device, which ${training.run} has`);
    await releaseDevices(docker, training);
    // This engine has no NVIDIA runtime.
    expect(await serving).toMatchObject({ type: 'GPU_RUNTIME_MISSING' });
    await expect(docker.getContainer(deviceLeaseName(uuid)).inspect()).rejects.toMatchObject({ statusCode: 404 });
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
