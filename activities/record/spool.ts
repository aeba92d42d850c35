import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { putBlob, putFile } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';

export interface EndedSpool {
  sha256: string;
  sizeBytes: number;
  keep(): Promise<void>;
}

/** A body while it passes: hashed, and put by until its last byte has come. */
export interface Spool {
  sizeBytes(): number;
  /** Resolves when more may come. Failures: DISK_FULL. */
  write(chunk: Buffer): Promise<void>;
  /** The body's hash and size; `keep` brings it into the store and must be called. */
  end(): Promise<EndedSpool>;
  /** The same for what `mask` makes of the body, where it makes something else of it. Failures: those of `mask`. */
  endMasked(mask: (open: () => Readable) => Promise<Readable | undefined>): Promise<EndedSpool & { isMasked: boolean }>;
  /** Nothing of it stays. */
  drop(): Promise<void>;
}

export function createSpool(store: ObjectStore, scratchDirectory: string, mediaType: string): Spool {
  const hash = createHash('sha256');
  let chunks: Buffer[] = [];
  let heldBytes = 0;
  let sizeBytes = 0;
  let file: FileHandle | undefined;
  const spill = async (): Promise<void> => {
    const portion = chunks;
    [chunks, heldBytes] = [[], 0];
    try {
      file ??= await opened(join(scratchDirectory, `recording-${randomUUID()}`), scratchDirectory);
      await writeAll(file, portion);
    } catch (error) {
      throw isFull(error) ? failure('DISK_FULL', `writing to ${scratchDirectory}: ${(error as Error).message}`, { cause: error }) : error;
    }
  };
  const drop = async (): Promise<void> => {
    await file?.close();
    [file, chunks] = [undefined, []];
  };
  const end = async (): Promise<EndedSpool> => {
    const sha256 = hash.digest('hex');
    if (!file) return { sha256, sizeBytes, keep: () => putBlob(store, Buffer.concat(chunks), mediaType).then(() => undefined) };
    if (heldBytes > 0) await spill();
    const path = pathOf(file);
    return { sha256, sizeBytes, keep: () => putFile(store, path, mediaType, { sha256, sizeBytes }).then(drop, (error: unknown) => drop().then(() => Promise.reject(error))) };
  };
  return {
    sizeBytes: () => sizeBytes,
    async write(chunk) {
      hash.update(chunk);
      chunks.push(chunk);
      heldBytes += chunk.length;
      sizeBytes += chunk.length;
      if (heldBytes >= (file ? limits.recordWriteBytes : limits.recordMemoryBytes)) await spill();
    },
    end,
    async endMasked(mask) {
      if (file && heldBytes > 0) await spill();
      const masked = await mask(() => (file ? createReadStream(pathOf(file)) : Readable.from(chunks)));
      if (!masked) return { ...(await end()), isMasked: false };
      const other = createSpool(store, scratchDirectory, mediaType);
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
