import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { putBlob, putFile } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import type { Pace } from './pace.ts';

export interface EndedSpool {
  sha256: string;
  sizeBytes: number;
  keep(): Promise<void>;
}

/** A body while it passes: hashed, and put by until its last byte has come. */
export interface Spool {
  sizeBytes(): number;
  /** Takes more; a promise where what came before has to get to the disk first. Failures: DISK_FULL, also of what was taken before. */
  write(chunk: Buffer): Promise<void> | undefined;
  /** The body's hash and size; `keep` brings it into the store and must be called. */
  end(): Promise<EndedSpool>;
  /** The same for what `mask` makes of the body, where it makes something else of it. Failures: those of `mask`. */
  endMasked(mask: (open: () => Readable) => Promise<Readable | undefined>): Promise<EndedSpool & { isMasked: boolean }>;
  /** Nothing of it stays. */
  drop(): Promise<void>;
}

export function createSpool(store: ObjectStore, scratchDirectory: string, mediaType: string, pace?: Pace): Spool {
  const hash = createHash('sha256');
  let chunks: Buffer[] = [];
  let heldBytes = 0;
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  let writing: Promise<void> | undefined;
  const spill = async (portion: Buffer[]): Promise<void> => {
    try {
      file ??= await opened(join(scratchDirectory, `recording-${randomUUID()}`), scratchDirectory);
      await writeAll(file, portion);
    } catch (error) {
      throw isFull(error) ? failure('DISK_FULL', `writing to ${scratchDirectory}: ${(error as Error).message}`, { cause: error }) : error;
    }
  };
  /** Hands over what is held, so that more can come while it is written; resolves when what was handed over before is written. */
  const handOver = async (): Promise<void> => {
    const portion = chunks;
    [chunks, heldBytes] = [[], 0];
    const before = writing;
    writing = (before ?? Promise.resolve()).then(() => spill(portion));
    writing.catch(() => undefined); // It is thrown where it is waited for, at the next portion or at the end.
    await before;
  };
  const written = async (): Promise<void> => {
    if (heldBytes > 0) await handOver();
    await writing;
  };
  const drop = async (): Promise<void> => {
    await writing?.catch(() => undefined);
    await file?.close();
    [file, chunks] = [undefined, []];
  };
  const end = async (): Promise<EndedSpool> => {
    const sha256 = hash.digest('hex');
    if (!writing) return { sha256, sizeBytes, keep: () => putBlob(store, Buffer.concat(chunks), mediaType).then(() => undefined) };
    await written();
    if (!file) throw new Error('nothing was written');
    const path = pathOf(file);
    return { sha256, sizeBytes, keep: () => putFile(store, path, mediaType, { sha256, sizeBytes }, pace).then(drop, (error: unknown) => drop().then(() => Promise.reject(error))) };
  };
  return {
    sizeBytes: () => sizeBytes,
    write(chunk) {
      hash.update(chunk);
      chunks.push(chunk);
      heldBytes += chunk.length;
      sizeBytes += chunk.length;
      return heldBytes >= (writing ? limits.recordWriteBytes : limits.recordMemoryBytes) ? handOver() : undefined;
    },
    end,
    async endMasked(mask) {
      if (writing) await written();
      const masked = await mask(() => (file ? createReadStream(pathOf(file)) : Readable.from(chunks)));
      if (!masked) return { ...(await end()), isMasked: false };
      const other = createSpool(store, scratchDirectory, mediaType, pace);
      for await (const chunk of masked as AsyncIterable<Buffer>) await other.write(chunk);
      await drop();
      return { ...(await other.end()), isMasked: true };
    },
    drop,
  };
}

/** Without a name from the beginning: a process that is killed leaves nothing of it. */
async function opened(path: string, directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true });
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}

/** By this the kernel gives the file out once more, to be read from its beginning. */
function pathOf({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

async function writeAll(file: FileHandle, portion: Buffer[]): Promise<void> {
  const { bytesWritten } = await file.writev(portion);
  let rest = Buffer.concat(portion.length > 0 && bytesWritten < sizeOf(portion) ? portion : []).subarray(bytesWritten);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}

function sizeOf(portion: Buffer[]): number {
  return portion.reduce((sum, { length }) => sum + length, 0);
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}
