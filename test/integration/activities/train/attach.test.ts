import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBlob } from '../../../../activities/io/blobs.ts';
import { createTrainActivities } from '../../../../activities/train/index.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { stageContext } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { dependencies, docker, inspected, newContext, store, storedLines, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

describe('a training whose attempt is given up', { timeout: 60_000 }, () => {
  const counting = 'for i in $(seq 1 60); do echo line $i; echo error $i >&2; sleep 0.1; done; echo done > /output/model';

  it('goes on without a worker; the next attempt attaches, and the log has each line once', async () => {
    const input = await thatRuns(counting);
    const first = newContext('attach');
    const training = train(input, first).catch((error: unknown) => error);
    await expect.poll(() => first.reports.some(({ lastLogLine }) => lastLogLine?.startsWith('line')), { timeout: 20_000 }).toBe(true);
    first.abort('shutdown');
    expect(await training).toMatchObject({ name: 'CancelledFailure' });
    const between = await inspected(first.run);
    expect(between.State.Running).toBe(true);
    await sleep(1_000);
    const second = { ...stageContext(first.run, 'train'), attempt: 2 };
    const { result } = await train(input, second);
    const after = await inspected(first.run);
    expect([after.Id, after.State.StartedAt]).toEqual([between.Id, between.State.StartedAt]);
    expect(result.startedAt).toBe(between.State.StartedAt);
    const lines = Array.from({ length: 60 }, (_, index) => index + 1);
    const stored = await storedLines(first.run);
    expect(stored.filter((line) => line.startsWith('line'))).toEqual(lines.map((number) => `line ${number}`));
    expect(stored.filter((line) => line.startsWith('error'))).toEqual(lines.map((number) => `error ${number}`));
    const log = Buffer.from(await getBlob(store, result.artifacts[1]?.sha256 ?? '')).toString();
    expect(log.trimEnd().split('\n')).toHaveLength(120);
  });

  it('keeps its place: one that comes before its next attempt steps back, and not for ever', async () => {
    const first = newContext('place');
    const input = await thatRuns('sleep 8; echo done > /output/model');
    const training = train(input, first).catch((error: unknown) => error);
    await expect.poll(() => first.reports.some((report) => report.training), { timeout: 20_000 }).toBe(true);
    first.abort('shutdown');
    await training;
    const other = await thatRuns('echo done > /output/model');
    await expect(train(other, newContext('other'))).rejects.toMatchObject({ type: 'SLOT_TAKEN', nonRetryable: false });
    const patient = { ...newContext('patient'), attempt: 99 };
    expect((await train(other, patient)).result.output).toBeTruthy();
    expect((await train(input, { ...stageContext(first.run, 'train'), attempt: 2 })).result.output).toBeTruthy();
  });

  it('goes on in the same attempt after its process was killed from outside', async () => {
    const { run } = newContext('killed');
    const input = await thatRuns('touch /checkpoints/life-$(ls /checkpoints | wc -l); ls /checkpoints; sleep 4; echo done > /output/model');
    const training = new MockActivityEnvironment().run(createTrainActivities(dependencies).train, { run, workflowId: 'test', fresh: true, ...input });
    await expect.poll(() => storedLines(run), { timeout: 20_000 }).toContain('life-0');
    process.kill((await inspected(run)).State.Pid, 'SIGKILL');
    expect(await training).toMatchObject({ status: 'completed', result: { summary: expect.stringContaining('in 2 lives') } });
    expect(await storedLines(run)).toEqual(['life-0', 'life-0', 'life-1']);
  });

  it('keeps its deadline, which no attempt moves', async () => {
    const input = await thatRuns('while true; do sleep 1; done', { trainingBudgetMs: 4_000 });
    const first = newContext('deadline');
    const training = train(input, first).catch((error: unknown) => error);
    await expect.poll(() => first.reports.length, { timeout: 10_000 }).toBeGreaterThan(1);
    first.abort('shutdown');
    await training;
    await expect(train(input, stageContext(first.run, 'train'))).rejects.toMatchObject({ type: 'TRAIN_TIMEOUT' });
    const { State } = await inspected(first.run);
    const ranMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
    expect(ranMs).toBeGreaterThanOrEqual(4_000);
    expect(ranMs).toBeLessThan(6_000);
  });

  it('has timed out also where nobody watched its deadline pass', async () => {
    const input = await thatRuns('sleep 1.5; echo late > /output/model', { trainingBudgetMs: 1_000 });
    const context = newContext('unwatched');
    const training = train(input, context).catch((error: unknown) => error);
    await expect.poll(async () => (await inspected(context.run).catch(() => undefined))?.State.Running, { timeout: 10_000, interval: 20 }).toBe(true);
    context.abort('shutdown');
    await training;
    await sleep(2_000);
    await expect(train(input, stageContext(context.run, 'train'))).rejects.toMatchObject({ type: 'TRAIN_TIMEOUT' });
  });

  it('is stopped by a cancellation, which the activity passes on', async () => {
    const input = await thatRuns('while true; do echo on; sleep 0.2; done');
    const { run } = newContext('cancel');
    const environment = new MockActivityEnvironment();
    const training = environment.run(createTrainActivities(dependencies).train, { run, workflowId: 'test', fresh: true, ...input }).catch((error: unknown) => error);
    await expect.poll(async () => (await inspected(run).catch(() => undefined))?.State.Running, { timeout: 10_000 }).toBe(true);
    environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
    expect(await training).toMatchObject({ name: 'CancelledFailure' });
    expect((await inspected(run)).State.Running).toBe(false);
    expect(await storedLines(run)).toContain('on');
  });
});
