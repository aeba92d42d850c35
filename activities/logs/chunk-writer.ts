import { limits } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { listChunks, putChunk, sealChunks, type LogOwner } from './chunks.ts';
import type { Lease } from './lease.ts';

/** Collects lines and keeps them in the store as chunks: when a chunk is full, and at the latest `logChunkMs` after its first line. */
export interface ChunkWriter {
  /** Waits for the store only when a chunk is full, so that a writer cannot run ahead of it. */
  keep(line: string): Promise<void>;
  flush(): Promise<void>;
  /** Lines that came after the log had its full size. */
  droppedLines(): number;
}

/** Opens behind the chunks that earlier attempts stored, who can then add none. A chunk that could not be stored stays pending; the next call tells. */
export async function openChunkWriter(store: ObjectStore, owner: LogOwner, lease?: Lease): Promise<ChunkWriter> {
  if (lease && lease.epoch > 1) await sealChunks(store, owner, lease);
  const stored = await listChunks(store, owner);
  let sequence = (stored.at(-1)?.sequence ?? -1) + 1;
  let keptBytes = stored.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
  let pending: string[] = [];
  let pendingBytes = 0;
  let dropped = 0;

  /** A chunk that may be stored although the store failed: it goes out again as it was, or its lines would stand there twice. */
  let unsure: Buffer | undefined;

  const putUnsure = async (): Promise<void> => {
    if (unsure) sequence = await putChunk(store, owner, sequence, unsure, lease);
    unsure = undefined;
  };
  const putPending = async (): Promise<void> => {
    await putUnsure();
    if (pending.length === 0) return;
    unsure = Buffer.from(`${pending.join('\n')}\n`);
    [pending, pendingBytes] = [[], 0];
    await putUnsure();
  };
  const flusher = createFlusher(putPending);

  return {
    async keep(line) {
      const sizeBytes = Buffer.byteLength(line) + 1;
      if (keptBytes + sizeBytes > limits.logBytes) return void (dropped += 1);
      keptBytes += sizeBytes;
      pendingBytes += sizeBytes;
      pending.push(line);
      if (pendingBytes >= limits.logChunkBytes) await flusher.flush();
      else flusher.soon();
    },
    flush: flusher.flush,
    droppedLines: () => dropped,
  };
}

/** One flush at a time. What the timer's flush cannot store stays pending, so the next flush, which somebody awaits, fails too. */
function createFlusher(putPending: () => Promise<void>): { soon(): void; flush(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running = running.catch(() => undefined).then(putPending);
    return running;
  };
  return {
    flush,
    soon() {
      timer ??= setTimeout(() => void flush().catch(() => undefined), limits.logChunkMs);
      timer.unref();
    },
  };
}
