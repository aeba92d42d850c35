import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastCheckpoint } from '../../../../activities/train/checkpoints.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { stageContext } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { docker, inspected, newContext, store, storedLines, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

/** Its state is two files; only together are they worth something. */
const state = '/checkpoints/state';
const resuming = `if [ -e ${state}/a ]; then a=$(cat ${state}/a); b=$(cat ${state}/b); [ "$a" = "$b" ] && echo resumed from $a || echo torn $a $b; echo model > /output/model; exit; fi`;
const begun = `${resuming}; mkdir ${state}; i=0`;
const often = { bounds: { checkpointLookMs: 500 } };

describe('a training that writes its checkpoint all the time', { timeout: 120_000 }, () => {
  it.each([
    ['in place, every second', `${begun}; while true; do i=$((i+1)); echo $i > ${state}/a; sleep 0.1; echo $i > ${state}/b; echo step $i; sleep 0.9; done`],
    [
      'anew and renamed, several times a second',
      `${resuming.replaceAll(`${state}/`, `${state}/now/`)}; mkdir ${state}; mkdir ${state}/now; i=0; while true; do i=$((i+1)); mkdir ${state}/next; echo $i > ${state}/next/a; echo $i > ${state}/next/b; mv ${state}/now ${state}/old; mv ${state}/next ${state}/now; rm -r ${state}/old; echo step $i; sleep 0.15; done`,
    ],
    [
      'as one file, anew and renamed, every second',
      // Halves of two versions would be two numbers.
      `file=/checkpoints/last.pt; if [ -e $file ]; then a=$(sort -u $file); [ "$(echo "$a" | wc -l)" = 1 ] && echo resumed from $a || echo torn $a; echo model > /output/model; exit; fi; i=0; while true; do i=$((i+1)); yes $i | head -n 1000000 > /checkpoints/next.tmp; mv /checkpoints/next.tmp $file; echo step $i; sleep 0.7; done`,
    ],
  ])('%s, goes on from one that is whole where its machine is lost', async (_, script) => {
    const input = await thatRuns(script);
    const context = newContext('restless');
    const training = train(input, context, often).catch((error: unknown) => error);
    await expect.poll(() => lastCheckpoint(store, context.run), { timeout: 60_000 }).toMatchObject({ files: expect.any(Number) });
    context.abort('shutdown');
    await training;
    await bench.cleanUp({ run: context.run });
    await train(input, { ...stageContext(context.run, 'train'), attempt: 2 }, often);
    const lines = await storedLines(context.run);
    const [, step] = /^resumed from (\d+)$/m.exec(lines.join('\n')) ?? [];
    expect(lines.filter((line) => line.startsWith('torn'))).toEqual([]);
    expect(Number(step)).toBeGreaterThan(1);
    expect(lines).toContain(`step ${step}`);
  });

  it('says so where it cannot be kept, and keeps what stands beside it', async () => {
    const input = await thatRuns(`mkdir /checkpoints/checkpoint-1; echo whole > /checkpoints/checkpoint-1/model; while true; do echo more >> /checkpoints/log; done`);
    const context = newContext('unkept');
    const training = train(input, context, often).catch((error: unknown) => error);
    await expect.poll(() => context.reports.at(-1)?.message, { timeout: 60_000 }).toMatch(/1 checkpoint kept, log not kept as written last: it changes while it is copied/);
    expect(await lastCheckpoint(store, context.run)).toMatchObject({ files: 1 });
    context.abort('cancelled');
    await training;
  });

  it('has it kept also after its container stood still', async () => {
    const input = await thatRuns(`${begun}; while true; do echo on; sleep 0.2; done`);
    const context = newContext('stood');
    const training = train(input, context, often).catch((error: unknown) => error);
    await expect.poll(() => context.reports.some((report) => report.training), { timeout: 20_000, interval: 50 }).toBe(true);
    const container = docker.getContainer((await inspected(context.run)).Id);
    await container.pause();
    await expect.poll(() => context.reports.at(-1)?.message, { timeout: 20_000 }).toMatch(/^paused/);
    await container.unpause();
    await sleep(2_000);
    const made = await container.exec({ Cmd: ['sh', '-c', `echo whole > ${state}/a; echo whole > ${state}/b`] });
    await made.start({});
    await expect.poll(() => lastCheckpoint(store, context.run), { timeout: 30_000 }).toMatchObject({ files: 2 });
    context.abort('cancelled');
    await training;
  });
});
