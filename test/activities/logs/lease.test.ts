import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStageLog, readStageLog, takeLease, type StageLog } from '../../../activities/logs/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'reprise-test-'));
const owner = { run: 'r', stage: 'train' } as const;

async function attempt(store: ReturnType<typeof memoryStore>): Promise<StageLog> {
  return openStageLog(store, { ...owner, scratchDirectory, lease: await takeLease(store, owner) });
}

async function texts(store: ReturnType<typeof memoryStore>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of readStageLog(store, 'r', 'train')) all.push(line.slice(line.indexOf(' ') + 1));
  return all;
}

it('is held by one of many attempts that take it at once', async () => {
  const store = memoryStore();
  const leases = await Promise.all(Array.from({ length: 20 }, () => takeLease(store, owner)));
  expect(new Set(leases.map(({ epoch }) => epoch)).size).toBe(20);
  const held = await Promise.allSettled(leases.map((lease) => lease.assertHeld()));
  expect(held.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('lets an attempt that comes back write nothing, not even a line that it had in hand', async () => {
  const store = memoryStore();
  const stale = await attempt(store);
  await stale.write('of the first\n');
  await stale.flush();
  await stale.write('in hand\n');
  const next = await attempt(store);
  await expect(stale.flush()).rejects.toMatchObject({ type: 'ATTEMPT_SUPERSEDED' });
  await next.write('of the second\n');
  await expect(stale.close()).rejects.toMatchObject({ type: 'ATTEMPT_SUPERSEDED' });
  const { sizeBytes } = await next.close();
  expect(await texts(store)).toEqual(['of the first', 'of the second']);
  expect(sizeBytes).toBeGreaterThan(0);
});

it('counts what was written before it was taken over', async () => {
  const store = memoryStore();
  const first = await attempt(store);
  await first.writeLine('one', '2026-01-01T00:00:01.000000001Z');
  await first.flush();
  const second = await attempt(store);
  await second.resume();
  await second.writeLine('one', '2026-01-01T00:00:01.000000001Z');
  await second.writeLine('two', '2026-01-01T00:00:02.000000001Z');
  await second.flush();
  expect(await texts(store)).toEqual(['one', 'two']);
});
