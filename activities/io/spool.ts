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
  appendText(text: string): Place;
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
/** From here on an entry has a cipher object of its own. */
const largeBytes = 32 * 1024;

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
  const { masked, maskSmall } = createMask();
  const first = Buffer.alloc(blockBytes);
  let scratch = Buffer.alloc(readBytes);
  let [written, waiting, waitingBytes] = [0, Buffer.alloc(writeBytes), 0];
  const flush = (): void => {
    writeAll(file, masked(waiting.subarray(0, waitingBytes), written), written);
    [written, waitingBytes] = [written + waitingBytes, 0];
  };
  /** The entry, to be used before the next one is loaded where it is small: such are read into the same memory. */
  const load = (place: Place): Buffer => {
    const offset = place * blockBytes;
    if (offset >= written) flush();
    const read = readAt(file, scratch.subarray(0, Math.min(readBytes, written - offset)), offset);
    const end = lengthBytes + lengthAt(offset);
    if (end > scratch.length) scratch = Buffer.concat([scratch], end);
    if (end > read) readAt(file, scratch.subarray(read, end), offset + read);
    return masked(scratch.subarray(0, end), offset).subarray(lengthBytes);
  };
  const lengthAt = (offset: number): number => {
    first.set(scratch.subarray(0, blockBytes));
    return maskSmall(first, offset).readUInt32LE(0);
  };
  const reserve = (sizeBytes: number): Buffer => {
    const entryBytes = Math.ceil((lengthBytes + sizeBytes) / blockBytes) * blockBytes;
    if (waitingBytes + entryBytes > waiting.length) flush();
    if (entryBytes > waiting.length) waiting = Buffer.alloc(entryBytes);
    const entry = waiting.subarray(waitingBytes, waitingBytes + entryBytes);
    entry.writeUInt32LE(sizeBytes, 0);
    waitingBytes += entryBytes;
    return entry;
  };
  const placeOf = (entry: Buffer): Place => (written + waitingBytes - entry.length) / blockBytes;
  return {
    append(bytes) {
      const entry = reserve(bytes.length);
      entry.set(bytes, lengthBytes);
      return placeOf(entry);
    },
    appendText(text) {
      const entry = reserve(Buffer.byteLength(text));
      entry.write(text, lengthBytes);
      return placeOf(entry);
    },
    read(place) {
      const bytes = load(place);
      return bytes.length < largeBytes ? Buffer.from(bytes) : bytes;
    },
    readText: (place) => load(place).toString('utf8'),
    close: () => closeSync(file),
  };
}

interface Mask {
  /** The bytes masked or unmasked: small ones in place, large ones as a copy. */
  masked(bytes: Buffer, offset: number): Buffer;
  maskSmall(bytes: Buffer, offset: number): Buffer;
}

/**
 * AES-256 in counter mode from any block on. Small entries by one cipher of single blocks that lives as long as the spool: a cipher object
 * for each of 100,000 would cost more memory than they do, as it is freed late.
 */
function createMask(): Mask {
  const key = randomBytes(32);
  const blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const counters = Buffer.alloc(largeBytes);
  const maskSmall = (bytes: Buffer, offset: number): Buffer => {
    const neededBytes = Math.ceil(bytes.length / blockBytes) * blockBytes;
    for (let at = 0; at < neededBytes; at += blockBytes) counters.writeUIntBE((offset + at) / blockBytes, at + 10, 6);
    const stream = blocks.update(counters.subarray(0, neededBytes));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] as number) ^ (stream[at] as number);
    return bytes;
  };
  const maskLarge = (bytes: Buffer, offset: number): Buffer => {
    const first = Buffer.alloc(blockBytes);
    first.writeUIntBE(offset / blockBytes, 10, 6);
    return createCipheriv('aes-256-ctr', key, first).update(bytes);
  };
  return { maskSmall, masked: (bytes, offset) => (bytes.length < largeBytes ? maskSmall(bytes, offset) : maskLarge(bytes, offset)) };
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
