import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../failure.ts';

/** Where something stands in a spool: one small number, as there are hundreds of thousands of them in memory. */
export type Place = number;

/**
 * Bytes that are set aside on disk, to be read again in any order, so that memory does not grow with them. The file has no name and goes
 * with the process; it is encrypted under a key that never leaves memory, so that closed questions may stand in it.
 */
export interface Spool {
  append(bytes: Uint8Array): Place;
  read(place: Place): Buffer;
  readText(place: Place): string;
  close(): void;
}

/** Written at once: single questions are small, and each write costs a call. */
const writeBytes = 256 * 1024;
/** AES's block; each entry begins at one, and its place is the block's number. */
const blockBytes = 16;
/** The length that an entry begins with. */
const lengthBytes = 4;
/** Read at once: most questions and answers are no longer. */
const readBytes = 2 * 1024;

/** Uses a spool and closes it, whatever comes of it. */
export async function withSpool<Result>(directory: string, use: (spool: Spool) => Promise<Result>): Promise<Result> {
  const spool = openSpool(directory);
  try {
    return await use(spool);
  } finally {
    spool.close();
  }
}

/** Opens an empty spool. Reads and writes are synchronous: they are of the page cache, and shorter than a trip to a thread. Failures: DISK_FULL. */
export function openSpool(directory: string): Spool {
  const file = openUnnamed(directory);
  const mask = createMask();
  const start = Buffer.alloc(readBytes);
  let [written, waiting, waitingBytes] = [0, Buffer.alloc(writeBytes), 0];
  const flush = (): void => {
    const bytes = waiting.subarray(0, waitingBytes);
    mask(bytes, written);
    writeAll(file, bytes, written);
    [written, waitingBytes] = [written + waitingBytes, 0];
  };
  /** The entry, to be used before the next one is loaded: single ones are read into the same memory. */
  const load = (place: Place): Buffer => {
    const offset = place * blockBytes;
    if (offset >= written) flush();
    const startBytes = readAt(file, start.subarray(0, Math.min(readBytes, written - offset)), offset);
    mask(start.subarray(0, blockBytes), offset);
    const end = lengthBytes + start.readUInt32LE(0);
    mask(start.subarray(blockBytes, Math.min(startBytes, end)), offset + blockBytes);
    if (end <= startBytes) return start.subarray(lengthBytes, end);
    const rest = Buffer.alloc(end - startBytes);
    readAt(file, rest, offset + startBytes);
    mask(rest, offset + startBytes);
    return Buffer.concat([start.subarray(lengthBytes, startBytes), rest]);
  };
  return {
    append(bytes) {
      const entryBytes = Math.ceil((lengthBytes + bytes.length) / blockBytes) * blockBytes;
      if (waitingBytes + entryBytes > waiting.length) flush();
      if (entryBytes > waiting.length) waiting = Buffer.alloc(entryBytes);
      const place = (written + waitingBytes) / blockBytes;
      waiting.writeUInt32LE(bytes.length, waitingBytes);
      waiting.set(bytes, waitingBytes + lengthBytes);
      waitingBytes += entryBytes;
      return place;
    },
    read: (place) => Buffer.from(load(place)),
    readText: (place) => load(place).toString('utf8'),
    close: () => closeSync(file),
  };
}

/**
 * AES-256 in counter mode, in place, from any block on. By one cipher of single blocks that lives as long as the spool: a cipher object
 * for each of 100,000 entries would cost more memory than they do, as it is freed late.
 */
function createMask(): (bytes: Uint8Array, offset: number) => void {
  const blocks = createCipheriv('aes-256-ecb', randomBytes(32), null).setAutoPadding(false);
  let counters = Buffer.alloc(readBytes);
  return (bytes, offset) => {
    const neededBytes = Math.ceil(bytes.length / blockBytes) * blockBytes;
    if (neededBytes > counters.length) counters = Buffer.alloc(neededBytes);
    for (let at = 0; at < neededBytes; at += blockBytes) counters.writeUIntBE((offset + at) / blockBytes, at + 10, 6);
    const stream = blocks.update(counters.subarray(0, neededBytes));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] as number) ^ (stream[at] as number);
  };
}

function openUnnamed(directory: string): number {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${randomUUID()}.spool`);
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}

/** Fills `bytes`, and gives how many they are. */
function readAt(file: number, bytes: Uint8Array, offset: number): number {
  for (let read = 0; read < bytes.length; ) {
    const more = readSync(file, bytes, read, bytes.length - read, offset + read);
    if (more === 0) throw new RangeError(`the spool ends at ${offset + read}`);
    read += more;
  }
  return bytes.length;
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written, bytes.length - written, position + written);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw failure('DISK_FULL', `setting questions and answers aside: ${(error as Error).message}`, { cause: error });
  }
}
