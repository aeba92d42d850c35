import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { StreamBody } from './store.ts';

/** Fewer, larger reads: a third less CPU time for large files. */
export const readAheadBytes = 1024 ** 2;

/**
 * Memory for portions of large bodies, used again and again. Fresh memory for each of them is given back only when 32 MiB of it are
 * waiting (V8's `AllocateExternalBackingStore`), costs more CPU time than hashing, and what the process has grown by stays.
 */
export interface Buffers {
  take(): Buffer;
  giveBack(bytes: Buffer): void;
}

export function createBuffers(sizeBytes: number): Buffers {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(sizeBytes),
    giveBack: (bytes) => void (bytes.length === sizeBytes && free.push(bytes)),
  };
}

/** From `start` up to `end`, which is not part of it; to the file's end where there is none. */
export interface FileRange {
  start: number;
  end: number;
}

const wholeFile: FileRange = { start: 0, end: Infinity };

/** A file's bytes, read into the buffers themselves; only the last portion is shorter. */
export async function* filePortions(path: string, take: () => Buffer, pace: StreamBody['pace'], { start, end }: FileRange = wholeFile): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    for (let at = start; at < end; ) {
      await pace?.();
      const buffer = take();
      const chunk = buffer.subarray(0, Math.min(buffer.length, end - at));
      let filled = 0;
      for (let read = -1; read !== 0 && filled < chunk.length; filled += read) read = (await file.read(chunk, filled, chunk.length - filled, at + filled)).bytesRead;
      if (filled > 0) yield chunk.subarray(0, filled);
      if (filled < chunk.length) return;
      at += filled;
    }
  } finally {
    await file.close();
  }
}

/**
 * A file as the body of a request, out of three buffers in turn. Only for `pipe` into a socket or a request, which takes a portion
 * when the one before is with the kernel: one portion is read ahead, so that a buffer is filled again after its bytes have gone.
 */
export function pipedFile(path: string, pace: StreamBody['pace'], range: FileRange = wholeFile): Readable {
  const buffers = Array.from({ length: 3 }, () => Buffer.allocUnsafeSlow(readAheadBytes));
  let turn = 0;
  const take = (): Buffer => buffers[turn++ % buffers.length] as Buffer;
  return Readable.from(filePortions(path, take, pace, range), { objectMode: false, highWaterMark: 1 });
}
