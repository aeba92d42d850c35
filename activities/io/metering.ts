import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import type { Spent, Use } from '../../domain/index.ts';
import type { ObjectStore } from './store.ts';

/** What is counted while a stage runs. */
export type Meter = Pick<Spent, 'storedBytes' | 'movedBytes' | 'uses'>;

const meters = new AsyncLocalStorage<Meter>();

/** Runs a stage's work and counts into `meter` whatever it does, also beside other stages in the same process. */
export function withMeter<Result>(meter: Meter, work: () => Promise<Result>): Promise<Result> {
  return meters.run(meter, work);
}

/** Enters what a container of the stage has used since its start, which names its life; nothing outside a stage. */
export function enterUse(life: string, use: Use): void {
  const meter = meters.getStore();
  if (meter) meter.uses[life] = { ...meter.uses[life], ...use };
}

/** What attempts before this one have entered for a life. */
export function enteredUse(life: string): Use {
  return meters.getStore()?.uses[life] ?? {};
}

/** The same store, whose bytes are counted for the stage that moves them. */
export function meteredStore(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async putIfAbsent(key, bytes, mediaType) {
      return countPut(await store.putIfAbsent(key, bytes, mediaType), bytes.byteLength);
    },
    async putStreamIfAbsent(key, body, mediaType) {
      return countPut(await store.putStreamIfAbsent(key, body, mediaType), body.sizeBytes);
    },
    async get(key) {
      const bytes = await store.get(key);
      countMoved(meters.getStore(), bytes?.byteLength ?? 0);
      return bytes;
    },
    async getStream(key) {
      const stream = await store.getStream(key);
      const meter = meters.getStore();
      return stream && meter ? Readable.from(counted(stream, meter), { objectMode: false }) : stream;
    },
  };
}

function countPut(outcome: 'created' | 'exists', sizeBytes: number): 'created' | 'exists' {
  const meter = meters.getStore();
  countMoved(meter, sizeBytes);
  if (meter && outcome === 'created') meter.storedBytes += sizeBytes;
  return outcome;
}

async function* counted(stream: Readable, meter: Meter): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    countMoved(meter, chunk.byteLength);
    yield chunk;
  }
}

function countMoved(meter: Meter | undefined, sizeBytes: number): void {
  if (meter) meter.movedBytes += sizeBytes;
}
