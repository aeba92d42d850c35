import { afterAll, beforeAll, expect, it } from 'vitest';
import { guardName } from '../../../../activities/io/docker/names.ts';
import { endForgotten } from '../../../../activities/train/guard.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { docker, inspected, newContext, storedLines, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

it('ends every process of a container that the engine has forgotten, and no other', { timeout: 60_000 }, async () => {
  const input = await thatRuns('(trap "" TERM; while true; do sleep 1; done) & while true; do echo on; sleep 0.2; done');
  const [first, second] = [newContext('forgotten'), { ...newContext('other'), attempt: 99 }];
  const trainings = [train(input, first), train(input, second)].map((training) => training.catch((error: unknown) => error));
  for (const { run } of [first, second]) await expect.poll(() => storedLines(run), { timeout: 30_000 }).toContain('on');
  const { Id } = await inspected(first.run);
  await endForgotten(docker.getContainer(guardName({ run: first.run, stage: 'train' })), Id);
  expect(await trainings[0]).toMatchObject({ type: 'ENGINE_LOST_CONTAINER' });
  expect((await inspected(first.run)).State).toMatchObject({ Running: false, ExitCode: 137 });
  expect((await inspected(second.run)).State.Running).toBe(true);
  for (const context of [first, second]) context.abort('cancelled');
  await Promise.all(trainings);
});
