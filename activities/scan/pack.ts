import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { limits } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import { run } from '../io/subprocess.ts';
import { scanBytes } from './bytes.ts';
import { forEachObject, safeEnvironment, safeOptions } from './git-batch.ts';
import { addAll, takeEntry, within, type Content, type ScanInner } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/**
 * Scans the objects of a git pack that lies outside of a repository: of a clone in an archive or in an image's layer. Git
 * itself indexes and reads a copy in the scratch directory; of what it cannot read, the bytes are scanned as they are.
 */
export async function scanPack(session: ScanSession, content: Content, reader: ByteReader, scanInner: ScanInner): Promise<Set<string>> {
  const directory = join(session.options.scratchDirectory ?? tmpdir(), `scan-${randomUUID()}`);
  const pack = join(directory, 'objects', 'pack', 'pack-0.pack');
  try {
    await mkdir(join(directory, 'objects', 'pack'), { recursive: true });
    await mkdir(join(directory, 'refs'));
    await writeFile(join(directory, 'HEAD'), 'ref: refs/heads/main\n');
    await skipBundleHeader(reader);
    const isWhole = await spoolPack(pack, reader);
    if (isWhole && (await isIndexed(session, directory, pack))) return await scanObjects(session, content, directory, scanInner);
    session.skip(content.path, content.within, isWhole ? 'a git pack that git cannot read' : `a git pack larger than ${limits.scanPackBytes} bytes; its objects were not read`);
    return await scanBytes(session, content, behind(createReadStream(pack, { highWaterMark: 1024 * 1024 }), reader));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `# v2 git bundle`, prerequisites and refs, an empty line, the pack. */
async function skipBundleHeader(reader: ByteReader): Promise<void> {
  if ((await reader.peek(4)).toString('latin1', 0, 4) === 'PACK') return;
  for (let line = await reader.line(); line !== undefined && line !== ''; ) line = await reader.line();
}

/** False where it is too large; then its beginning is there. */
async function spoolPack(path: string, reader: ByteReader): Promise<boolean> {
  const before = reader.position();
  await pipeline(Readable.from(reader.take(limits.scanPackBytes), { objectMode: false }), createWriteStream(path, { mode: 0o600 }));
  return reader.position() - before < limits.scanPackBytes;
}

async function isIndexed({ options: { signal } }: ScanSession, directory: string, pack: string): Promise<boolean> {
  const args = [...safeOptions(directory), '-c', 'pack.threads=1', 'index-pack', pack];
  try {
    return (await run('git', args, { env: safeEnvironment(), timeoutMs: limits.scanPackMs, ...(signal && { signal }) })).exitCode === 0;
  } catch (error) {
    if (outcomeOf(error) === undefined) throw error;
    return false; // Killed after its time: said by the caller.
  }
}

async function scanObjects(session: ScanSession, content: Content, directory: string, scanInner: ScanInner): Promise<Set<string>> {
  const found = new Set<string>();
  const exitCode = await forEachObject(session, directory, async (object, size, body) => {
    content.budget.unpackedBytes -= size;
    if (content.budget.unpackedBytes < 0) session.skip(content.path, content.within, `a git pack of more than ${limits.scanUnpackedBytes} bytes in all; read up to there`);
    else if (takeEntry(session, content)) addAll(found, await scanInner(session, within(content, object), body));
  });
  if (exitCode !== 0) session.skip(content.path, content.within, 'a git pack of which git could not read all objects');
  return found;
}

async function* behind(first: AsyncIterable<Buffer>, reader: ByteReader): AsyncGenerator<Buffer> {
  yield* first;
  yield* reader.rest();
}
