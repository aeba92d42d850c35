import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardName, volumeName } from '../../../../activities/io/docker/names.ts';
import { getTree, readTreeFile } from '../../../../activities/io/trees.ts';
import { lastCheckpoint } from '../../../../activities/train/checkpoints.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { stageContext, type TestContext } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { docker, inspected, newContext, store, storedLines, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

const forEver = 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done';

function next(context: TestContext): TestContext {
  return { ...stageContext(context.run, 'train'), attempt: context.attempt + 1 };
}

/** Resolves when an attempt follows its training. */
async function followed(context: TestContext): Promise<void> {
  await expect.poll(() => context.reports.some(({ training, lastLogLine }) => training !== undefined && lastLogLine !== undefined), { timeout: 20_000, interval: 50 }).toBe(true);
}

function lived({ State }: Awaited<ReturnType<typeof inspected>>): number {
  return Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
}

describe('the deadline of a training', { timeout: 90_000 }, () => {
  it('is kept when the process that looked after it was killed, and is then told as what it is', async () => {
    const { image, submission } = await thatRuns(forEver, { trainingBudgetMs: 8_000 });
    const context = newContext('orphan');
    const program = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'orphaned-training.ts');
    const child = spawn(process.execPath, [program, context.run, image.id, '8000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await inspected(context.run)).State.Running).toBe(true);
    await expect.poll(async () => (await inspected(context.run)).State.Running, { timeout: 20_000 }).toBe(false);
    expect(lived(await inspected(context.run))).toBeGreaterThan(8_000 - 1_000);
    expect(lived(await inspected(context.run))).toBeLessThan(8_000 + 2_000);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(train({ image, submission }, stageContext(context.run, 'train'))).rejects.toMatchObject({ type: 'TRAIN_TIMEOUT' });
    }
  });

  it('is kept by a guard of which the training sees nothing', async () => {
    const context = newContext('unseen');
    const input = await thatRuns('sleep 2; for file in /proc/[0-9]*/cmdline; do cat $file; echo; done; kill -9 -1; echo x > /output/x');
    const training = train(input, context).catch((error: unknown) => error);
    await expect.poll(() => context.reports.some(({ training }) => training !== undefined), { timeout: 20_000 }).toBe(true);
    const guard = await docker.getContainer(guardName({ run: context.run, stage: 'train' })).inspect();
    expect(guard.HostConfig).toMatchObject({ NetworkMode: 'none', CapDrop: ['ALL'], ReadonlyRootfs: true, Privileged: false });
    await training;
    expect((await storedLines(context.run)).join('\n')).not.toMatch(/guard|NSpid/);
    await expect(docker.getContainer(guard.Id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  it('is not moved by a restart of the container', async () => {
    const input = await thatRuns(`trap exit TERM; ${forEver}`, { trainingBudgetMs: 8_000 });
    const context = newContext('restart');
    const training = train(input, context).catch((error: unknown) => error);
    await followed(context);
    context.abort('shutdown');
    await training;
    const first = Date.parse((await inspected(context.run)).State.StartedAt);
    await sleep(2_000);
    await docker.getContainer((await inspected(context.run)).Id).restart({ t: 1 });
    await expect(train(input, next(context))).rejects.toMatchObject({ type: 'TRAIN_TIMEOUT' });
    const { State } = await inspected(context.run);
    expect(Date.parse(State.StartedAt)).toBeGreaterThan(first + 2_000);
    // Less than a second between the two lives is given back.
    expect(Date.parse(State.FinishedAt) - first).toBeLessThan(8_000 + 3_000);
  });

  it('gives back what lay between two lives of the container, and no more', async () => {
    const context = newContext('between');
    const input = await thatRuns(`trap exit TERM; ${forEver}`, { trainingBudgetMs: 8_000 });
    const training = train(input, context).catch((error: unknown) => error);
    await followed(context);
    const container = docker.getContainer((await inspected(context.run)).Id);
    const first = Date.parse((await inspected(context.run)).State.StartedAt);
    await sleep(1_000);
    await container.restart({ t: 1 });
    const ended = Date.parse((await inspected(context.run)).State.FinishedAt);
    const second = Date.parse((await inspected(context.run)).State.StartedAt);
    const outcome = await training;
    // An attempt that looks just between the two lives finds the first one lost; the next one finds the second.
    const last = (outcome as { type: string }).type === 'ENGINE_LOST_CONTAINER' ? await train(input, next(context)).catch((error: unknown) => error) : outcome;
    expect(last).toMatchObject({ type: 'TRAIN_TIMEOUT' });
    const ranMs = ended - first + (Date.parse((await inspected(context.run)).State.FinishedAt) - second);
    expect(ranMs).toBeGreaterThan(8_000 - 1_000);
    expect(ranMs).toBeLessThan(8_000 + 2_000);
    expect((await storedLines(context.run)).filter((line) => line === 'line 1')).toHaveLength(2);
  });

  it('gives back what the container stood still', async () => {
    const input = await thatRuns(forEver, { trainingBudgetMs: 6_000 });
    const context = newContext('pause');
    const training = train(input, context).catch((error: unknown) => error);
    await followed(context);
    const container = docker.getContainer((await inspected(context.run)).Id);
    await container.pause();
    await sleep(4_000);
    await container.unpause();
    expect(await training).toMatchObject({ type: 'TRAIN_TIMEOUT' });
    const ranMs = lived(await inspected(context.run));
    expect(ranMs).toBeGreaterThan(9_000);
    expect(ranMs).toBeLessThan(12_500);
    expect([...store.objects.keys()].filter((key) => key.startsWith(`runs/${context.run}/budget/`) && key.endsWith('.pause.json'))).toHaveLength(1);
  });
});

describe('a training that the platform ends', { timeout: 90_000 }, () => {
  const resuming = 'if [ -e /checkpoints/1 ]; then echo resumed; echo model > /output/model; else echo state > /checkpoints/1; while true; do echo first life; sleep 0.2; done; fi';

  it('is nobody’s fault, and goes on from its checkpoints with the rest of its budget', async () => {
    const input = await thatRuns(resuming, { trainingBudgetMs: 60_000 });
    const context = newContext('lost');
    const training = train(input, context).catch((error: unknown) => error);
    await followed(context);
    await docker.getContainer((await inspected(context.run)).Id).kill();
    expect(await training).toMatchObject({ type: 'ENGINE_LOST_CONTAINER', nonRetryable: false });
    const firstMs = lived(await inspected(context.run));
    const { result } = await train(input, next(context));
    expect(result.summary).toContain('in 2 lives');
    expect(result.durationMs).toBeGreaterThanOrEqual(firstMs);
    expect(await storedLines(context.run)).toContain('resumed');
  });

  it('goes on from its stored checkpoint where its machine is lost', async () => {
    const input = await thatRuns(`${resuming}; cat /checkpoints/1`, { trainingBudgetMs: 60_000 }, 'nobody');
    const context = newContext('machine');
    const training = train(input, context, { bounds: { checkpointLookMs: 500 } }).catch((error: unknown) => error);
    await expect.poll(() => lastCheckpoint(store, context.run), { timeout: 20_000 }).toBeDefined();
    context.abort('shutdown');
    await training;
    const checkpoint = await lastCheckpoint(store, context.run);
    await bench.cleanUp({ run: context.run });
    await expect(docker.getVolume(volumeName(context.run, 'checkpoints')).inspect()).rejects.toMatchObject({ statusCode: 404 });
    const { result } = await train(input, next(context));
    expect(await storedLines(context.run)).toEqual(expect.arrayContaining(['first life', 'resumed', 'state']));
    expect(result.durationMs).toBeGreaterThanOrEqual(checkpoint?.usedMs ?? Infinity);
  });

  it('leaves its log and last checkpoint where the run is cancelled', async () => {
    const context = newContext('cancelled');
    const training = train(await thatRuns(`mkdir /checkpoints/step-1; echo weights > /checkpoints/step-1/model; ${forEver}`), context).catch((error: unknown) => error);
    await followed(context);
    context.abort('cancelled');
    expect(await training).toMatchObject({ name: 'CancelledFailure' });
    expect((await inspected(context.run)).State.Running).toBe(false);
    const tree = await getTree(store, (await lastCheckpoint(store, context.run))?.tree ?? '');
    expect(Buffer.from((await readTreeFile(store, tree, 'step-1/model')) ?? []).toString()).toBe('weights\n');
  });
});

describe('a training of which two attempts know', { timeout: 60_000 }, () => {
  it('is written about by the newer one only', async () => {
    const input = await thatRuns('for i in $(seq 1 40); do echo line $i; sleep 0.2; done; echo x > /output/x');
    const stale = newContext('fenced');
    const first = train(input, stale, { bounds: { activityLookMs: 500 } }).catch((error: unknown) => error);
    await followed(stale);
    const second = await train(input, next(stale));
    expect(await first).toMatchObject({ type: 'ATTEMPT_SUPERSEDED' });
    expect((await inspected(stale.run)).State.ExitCode).toBe(0);
    const lines = (await storedLines(stale.run)).filter((line) => line.startsWith('line'));
    expect(lines).toEqual(Array.from({ length: 40 }, (_, index) => `line ${index + 1}`));
    expect(second.result.artifacts.map(({ path }) => path)).toContain('logs/train.log');
  });
});

describe('a training that does not get on', { timeout: 60_000 }, () => {
  it('is called stalled, and goes on where its track does not stop it', async () => {
    const context = newContext('stalled');
    const quick = { bounds: { stalled: { afterMs: 1_500, stops: false }, activityLookMs: 300 } };
    await train(await thatRuns('echo begun; sleep 5; echo x > /output/x'), context, quick);
    expect(context.reports.some(({ message }) => message.includes('stalled: nothing seen'))).toBe(true);
  });

  it('is stopped where its track says so', async () => {
    const quick = { bounds: { stalled: { afterMs: 1_500, stops: true }, activityLookMs: 300 } };
    await expect(train(await thatRuns('echo begun; sleep 60'), newContext('stops'), quick)).rejects.toMatchObject({
      type: 'TRAIN_STALLED',
      message: expect.stringMatching(/^nothing was seen of the training for 1 s.*; last line: begun$/),
    });
  });

  it.each([
    ['its output', 'dd if=/dev/zero of=/output/x bs=1M count=64; sleep 60'],
    ['its own layer', 'dd if=/dev/zero of=/x bs=1M count=64; sleep 60'],
    ['a volume that its image declares', 'dd if=/dev/zero of=/scratch/x bs=1M count=64; sleep 60'],
  ])('is stopped for the disk that it fills by %s', async (_, script) => {
    const small = { bounds: { diskBytes: 32 * 1024 ** 2, diskLookMs: 500 } };
    await expect(train(await thatRuns(script), newContext('disk'), small)).rejects.toMatchObject({ type: 'TRAIN_DISK_QUOTA' });
  });
});
