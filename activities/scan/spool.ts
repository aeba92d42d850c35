import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { limits } from '../../domain/index.ts';

/** A stream made readable anywhere: in memory, or in a file of the scratch directory that the caller removes. */
export type Spooled = { bytes: Buffer } | { path: string };

export async function spool(chunks: AsyncGenerator<Buffer>, scratchDirectory = tmpdir()): Promise<Spooled> {
  const held: Buffer[] = [];
  let size = 0;
  for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) {
    held.push(step.value);
    size += step.value.length;
    if (size > limits.scanMemoryBytes) return { path: await spill(held, chunks, scratchDirectory) };
  }
  return { bytes: Buffer.concat(held) };
}

async function spill(held: Buffer[], rest: AsyncGenerator<Buffer>, scratchDirectory: string): Promise<string> {
  await mkdir(scratchDirectory, { recursive: true });
  const path = join(scratchDirectory, `scan-${randomUUID()}`);
  await pipeline(Readable.from(joined(held, rest), { objectMode: false }), createWriteStream(path, { mode: 0o600 }));
  return path;
}

async function* joined(held: Buffer[], rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield* held.splice(0);
  yield* rest;
}
