import { Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import xz from 'xz-decompress';
import { scanBytes } from './bytes.ts';
import { bunzip2 } from './bzip2.ts';
import { addAll, metered, within, type Content, type ScanInner } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';
import { createTap } from './tap.ts';

export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'zlib';

/** Scans what a compressed stream unpacks to, and its own bytes for what stands in headers and behind its end. */
export async function scanCompressed(
  session: ScanSession,
  content: Content,
  reader: ByteReader,
  scanInner: ScanInner,
  format: Compression,
): Promise<Set<string>> {
  const found = new Set<string>();
  const tap = createTap(reader.rest());
  const raw = scanBytes(session, content, tap.copy, () => found);
  raw.catch(() => undefined); // waited for below; an error before that must not end the process
  const inner = within(content, innerName(content));
  const unpacked = untilBroken(decompressed(tap.source, format), (error) => {
    session.skip(content.path, content.within, `the ${format} data is broken: ${reasonOf(error)}`);
  });
  addAll(found, await scanInner(session, inner, metered(session, content, unpacked, reader.position)));
  if (tap.failure !== undefined) throw tap.failure;
  await tap.finish();
  addAll(found, await raw);
  return found;
}

/** The name that unpacking would give, so that `a.tar.gz` shows `a.tar`. */
function innerName(content: Content): string {
  const name = (content.within.at(-1) ?? content.path).split('/').at(-1) ?? '';
  return name.replace(/\.(?:gz|tgz|zst|bz2|xz)$/i, '') || 'content';
}

/** The bytes that a compressed stream unpacks to; a broken one throws. */
export async function* decompressed(chunks: AsyncIterable<Buffer>, format: Compression): AsyncGenerator<Uint8Array> {
  if (format === 'bzip2') return yield* bunzip2(chunks);
  const source = Readable.from(chunks, { objectMode: false, highWaterMark: 256 * 1024 });
  if (format === 'xz') {
    yield* new xz.XzReadableStream(Readable.toWeb(source) as ConstructorParameters<typeof xz.XzReadableStream>[0]) as AsyncIterable<Uint8Array>;
    return;
  }
  const target = source.pipe(createDecompressor(format));
  source.on('error', (error) => target.destroy(error));
  try {
    yield* target as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
    target.destroy();
  }
}

const outputBytes = 64 * 1024;

function createDecompressor(format: 'gzip' | 'zstd' | 'zlib'): Transform {
  if (format === 'zlib') return createInflate({ chunkSize: outputBytes });
  return format === 'gzip' ? createGunzip({ chunkSize: outputBytes }) : createZstdDecompress({ chunkSize: outputBytes });
}

/** What a stream gives before it breaks is scanned like any other; that it broke is told and not thrown. */
export async function* untilBroken(chunks: AsyncIterable<Uint8Array>, broken: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    broken(error);
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error);
}
