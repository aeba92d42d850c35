import { logChunkKey, logChunkPrefix, mediaTypes, sequenceOf, type LogName } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import type { Lease } from './lease.ts';
import { isContainerLine, stamped, timeOf } from './lines.ts';

export interface LogOwner {
  run: string;
  stage: LogName;
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
 * Keeps a chunk under the first free number from `sequence` on; resolves to the number after it. A number that is taken was
 * taken by another attempt: by a newer one's seal, and then `lease` is no longer held. Failures: ATTEMPT_SUPERSEDED.
 */
export async function putChunk(store: ObjectStore, { run, stage }: LogOwner, sequence: number, bytes: Uint8Array, lease?: Lease): Promise<number> {
  for (let next = sequence; ; next += 1) {
    const key = logChunkKey(run, stage, next);
    if ((await store.putIfAbsent(key, bytes, mediaTypes.text)) === 'created') return next + 1;
    // A repeated request whose first answer was lost finds its own bytes.
    const present = await store.get(key);
    if (present && Buffer.compare(present, bytes) === 0) return next + 1;
    await lease?.assertHeld();
  }
}

/** Begins a chunk that holds no lines. */
const sealMark = '\u0000sealed by ';

/**
 * Takes the number that an earlier attempt would write next, so that it can write no more: it learns by that write that it was
 * superseded. What it wrote before counts, and is read after the seal.
 */
export async function sealChunks(store: ObjectStore, owner: LogOwner, lease: Lease): Promise<void> {
  const next = ((await listChunks(store, owner)).at(-1)?.sequence ?? -1) + 1;
  await putChunk(store, owner, next, Buffer.from(`${sealMark}${lease.holder}\n`), lease);
}

/** A chunk's bytes as they were written; none of a seal. */
export async function chunkBytes(store: ObjectStore, chunk: StoredChunk): Promise<Uint8Array> {
  const bytes = Buffer.from((await store.get(chunk.key)) ?? []);
  return bytes.toString('utf8', 0, sealMark.length) === sealMark ? Buffer.alloc(0) : bytes;
}

export async function chunkLines(store: ObjectStore, chunk: StoredChunk): Promise<string[]> {
  const lines = Buffer.from(await chunkBytes(store, chunk)).toString('utf8').split('\n');
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

/** The lines at the end of what is stored, about `bytes` of them; for finding out why something failed. */
export async function lastLines(store: ObjectStore, owner: LogOwner, bytes: number): Promise<string[]> {
  let tail: string[] = [];
  let read = 0;
  for (const chunk of (await listChunks(store, owner)).toReversed()) {
    tail = [...(await chunkLines(store, chunk)), ...tail];
    read += chunk.sizeBytes;
    if (read >= bytes) break;
  }
  return tail;
}

/** Says in the log itself that it is not whole. */
export async function putDroppedNote(store: ObjectStore, owner: LogOwner, lines: number): Promise<void> {
  const next = ((await listChunks(store, owner)).at(-1)?.sequence ?? -1) + 1;
  const note = stamped(new Date().toISOString(), `[${lines} more lines are not kept: the log has its full size]`);
  await putChunk(store, owner, next, Buffer.from(`${note}\n`));
}
