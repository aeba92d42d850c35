import { logChunkKey, logChunkPrefix, mediaTypes, sequenceOf, type StageName } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { isContainerLine, stamped, timeOf } from './lines.ts';

export interface LogOwner {
  run: string;
  stage: StageName;
}

export interface StoredChunk {
  key: string;
  sequence: number;
  sizeBytes: number;
}

/** The chunks of a stage's log that the store has, in order, from `first` on. */
export async function listChunks(store: ObjectStore, { run, stage }: LogOwner, first = 0): Promise<StoredChunk[]> {
  const chunks: StoredChunk[] = [];
  for await (const { key, sizeBytes } of store.list(logChunkPrefix(run, stage))) {
    const sequence = sequenceOf(key);
    if (sequence !== undefined && sequence >= first) chunks.push({ key, sequence, sizeBytes });
  }
  return chunks.sort((a, b) => a.sequence - b.sequence);
}

/**
 * Keeps a chunk under the first free number from `sequence` on; resolves to the number after it. A number can be taken by an
 * attempt that was given up and still ran for a moment; both keep what they wrote.
 */
export async function putChunk(store: ObjectStore, { run, stage }: LogOwner, sequence: number, bytes: Uint8Array): Promise<number> {
  for (let next = sequence; ; next += 1) {
    const key = logChunkKey(run, stage, next);
    if ((await store.putIfAbsent(key, bytes, mediaTypes.text)) === 'created') return next + 1;
    // A repeated request whose first answer was lost finds its own bytes.
    const present = await store.get(key);
    if (present && Buffer.compare(present, bytes) === 0) return next + 1;
  }
}

export async function chunkLines(store: ObjectStore, chunk: StoredChunk): Promise<string[]> {
  const bytes = await store.get(chunk.key);
  const lines = Buffer.from(bytes ?? []).toString('utf8').split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** The stored lines that a container wrote in the last `spanMs` before its newest one, from the full second on, oldest first. */
export async function containerTail(store: ObjectStore, chunks: StoredChunk[], spanMs: number): Promise<string[]> {
  let tail: string[] = [];
  const fromMs = (): number => Math.floor((timeOf(tail.at(-1) ?? '') - spanMs) / 1_000) * 1_000;
  for (const chunk of chunks.toReversed()) {
    tail = [...(await chunkLines(store, chunk)).filter(isContainerLine), ...tail];
    if (timeOf(tail[0] ?? '') < fromMs()) break;
  }
  return tail.filter((line) => timeOf(line) >= fromMs());
}

/** Says in the log itself that it is not whole. */
export async function putDroppedNote(store: ObjectStore, owner: LogOwner, lines: number): Promise<void> {
  const next = ((await listChunks(store, owner)).at(-1)?.sequence ?? -1) + 1;
  const note = stamped(new Date().toISOString(), `[${lines} more lines are not kept: the log has its full size]`);
  await putChunk(store, owner, next, Buffer.from(`${note}\n`));
}
