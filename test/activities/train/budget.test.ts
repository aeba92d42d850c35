import { expect, it } from 'vitest';
import { openBudget, type Budget } from '../../../activities/train/budget.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(startMs + seconds * 1_000).toISOString();

function open(store = memoryStore(), usedAtCheckpointMs = 0): Promise<Budget> {
  return openBudget(store, { run: 'r', host: 'here', budgetMs: 100_000, usedAtCheckpointMs: async () => usedAtCheckpointMs });
}

function started(seconds: number, id = 'c', finished?: number) {
  return { id, startedAt: at(seconds), finishedAt: finished === undefined ? undefined : at(finished) };
}

it('counts from the first start that any attempt saw', async () => {
  const store = memoryStore();
  await (await open(store)).enter(started(0), null);
  const later = await open(store);
  await later.enter(started(0), null);
  expect([later.deadlineMs() - startMs, later.lives()]).toEqual([100_000, 1]);
});

it('goes on over a restart of the container, and gives back what it was down', async () => {
  const store = memoryStore();
  await (await open(store)).enter(started(0), null);
  const budget = await open(store);
  await budget.enter(started(40, 'c', 30), null);
  expect(budget.deadlineMs() - startMs).toBe(110_000);
  expect(budget.usedMs(startMs + 50_000)).toBe(40_000);
});

it('counts all the time where it does not know when the container ended before', async () => {
  const budget = await open();
  await budget.enter(started(0), null);
  await budget.enter(started(40), null);
  expect(budget.deadlineMs() - startMs).toBe(100_000);
});

it('goes on from the checkpoint’s account on another machine', async () => {
  const budget = await open(memoryStore(), 25_000);
  await budget.enter(started(0), null);
  expect(await budget.leftMs('other')).toBe(75_000);
  await budget.enter(started(1_000, 'other'), null);
  expect(budget.deadlineMs() - startMs).toBe(1_075_000);
});

it('gives back pauses, each once, also where two attempts saw parts of the same', async () => {
  const store = memoryStore();
  const budget = await open(store);
  await budget.enter(started(0), null);
  await budget.pause(startMs + 10_000, startMs + 20_000);
  await (await open(store)).pause(startMs + 12_000, startMs + 22_000);
  const read = await open(store);
  await read.pause(startMs + 10_000, startMs + 20_000);
  expect(read.deadlineMs() - startMs).toBe(112_000);
  expect(read.usedMs(startMs + 15_000)).toBe(10_000);
});

it('keeps the first decision about an end', async () => {
  const store = memoryStore();
  const [one, other] = [await open(store), await open(store)];
  await one.enter(started(0), null);
  await other.enter(started(0), null);
  await one.end('stalled', startMs + 60_000, 'nothing came');
  expect(await other.end('disk-quota', startMs + 61_000, 'too much')).toMatchObject({ reason: 'stalled', message: 'nothing came' });
  expect((await open(store)).ended()?.reason).toBe('stalled');
});

it('has the rest of its budget after the platform ended it', async () => {
  const budget = await open();
  await budget.enter(started(0), null);
  await budget.end('lost', startMs + 30_000, 'the engine was restarted');
  expect(await budget.leftMs('c')).toBe(70_000);
  await budget.enter(started(500, 'c', 30), null);
  expect([budget.ended(), budget.deadlineMs() - startMs]).toEqual([undefined, 570_000]);
});
