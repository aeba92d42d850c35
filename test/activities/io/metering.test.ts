import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { enterUse, meteredStore, withMeter, type Meter } from '../../../activities/io/metering.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

function meter(): Meter {
  return { storedBytes: 0, movedBytes: 0, uses: {} };
}

it('counts for each of two stages what it alone moves', async () => {
  const store = meteredStore(memoryStore());
  const [first, second] = [meter(), meter()];
  await Promise.all([
    withMeter(first, async () => {
      await store.putIfAbsent('a', Buffer.alloc(10), '');
      await store.putIfAbsent('a', Buffer.alloc(10), '');
      await store.get('a');
      enterUse('2026-01-01T00:00:00Z', { cpuMs: 5 });
      enterUse('2026-01-01T00:00:00Z', { cpuMs: 6, gpuMs: 1 });
    }),
    withMeter(second, async () => {
      await store.putStreamIfAbsent('b', { open: () => Readable.from([Buffer.alloc(7)]), sizeBytes: 7, sha256: '' }, '');
      const stream = await store.getStream('b');
      expect(stream && (await text(stream))).toHaveLength(7);
      expect(await store.getStream('c')).toBeUndefined();
    }),
  ]);
  expect(first).toEqual({ storedBytes: 10, movedBytes: 30, uses: { '2026-01-01T00:00:00Z': { cpuMs: 6, gpuMs: 1 } } });
  expect(second).toEqual({ storedBytes: 7, movedBytes: 14, uses: {} });
});

it('counts nothing outside a stage', async () => {
  const store = meteredStore(memoryStore());
  await store.putIfAbsent('a', Buffer.alloc(1), '');
  expect(await store.get('a')).toHaveLength(1);
  enterUse('2026-01-01T00:00:00Z', { cpuMs: 1 });
});
