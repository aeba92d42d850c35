import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits, type LogName, type StageName } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { chunkBytes, chunkLines, listChunks, type LogOwner } from './chunks.ts';

/** The lines that the store has of a stage's log now, each `<RFC 3339 time> <text>`. */
export async function* readStageLog(store: ObjectStore, run: string, stage: LogName): AsyncGenerator<string> {
  for (const chunk of await listChunks(store, { run, stage })) yield* await chunkLines(store, chunk);
}

/**
 * The lines of a stage's log, stored ones first, then each as it arrives, until `ended` says that the stage writes no more.
 * An abort of `signal` ends it too.
 */
export async function* followStageLog(
  store: ObjectStore,
  run: string,
  stage: StageName,
  { ended, signal }: { ended(): Promise<boolean>; signal?: AbortSignal },
): AsyncGenerator<string> {
  let next = 0;
  for (;;) {
    // Asked before the listing, so that what was written before the end is still read.
    const isLast = await ended();
    for (const chunk of await listChunks(store, { run, stage }, next)) {
      yield* await chunkLines(store, chunk);
      next = chunk.sequence + 1;
    }
    if (isLast || signal?.aborted) return;
    await sleep(limits.logChunkMs / 2, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

/** The whole log as bytes, one chunk in memory at a time. */
export function logBytesOf(store: ObjectStore, owner: LogOwner): Readable {
  return Readable.from(bytesOf(store, owner));
}

async function* bytesOf(store: ObjectStore, owner: LogOwner): AsyncGenerator<Uint8Array> {
  for (const chunk of await listChunks(store, owner)) yield await chunkBytes(store, chunk);
}
