import { limits } from '../../domain/index.ts';
import { scanBytes } from './bytes.ts';
import { scanCompressed, type Compression } from './compressed.ts';
import { formatOf, headBytes } from './formats.ts';
import { scanImageJson } from './image-json.ts';
import type { Content } from './nesting.ts';
import { scanNotebook } from './notebook.ts';
import { scanPack } from './pack.ts';
import { createByteReader, type ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';
import { scanTar } from './tar.ts';
import { scanTensors } from './tensors.ts';
import { scanZip } from './zip.ts';

/**
 * Scans a content and what is packed in it, down to `limits.scanDepth` archives. The stream is read once, whatever the format.
 * What cannot be read is said in the session and never thrown; only an abort and a failing source are. Returns the
 * fingerprints found.
 */
export async function scanContent(session: ScanSession, content: Content, chunks: AsyncIterable<Uint8Array>): Promise<Set<string>> {
  const reader = createByteReader(chunks);
  const format = formatOf(await reader.peek(headBytes), content.within.at(-1) ?? content.path);
  if (format === 'bytes') return scanBytes(session, content, reader.rest());
  if (format === 'tensors') return scanTensors(session, content, reader);
  if (format === 'image-json') return scanImageJson(session, content, reader);
  if (format === 'notebook') return scanNotebook(session, content, reader);
  if (content.depth >= limits.scanDepth) {
    session.skip(content.path, content.within, `archives in archives deeper than ${limits.scanDepth}`);
    return scanBytes(session, content, reader.rest());
  }
  return scanPacked(session, content, reader, format);
}

function scanPacked(session: ScanSession, content: Content, reader: ByteReader, format: 'tar' | 'zip' | 'pack' | Compression): Promise<Set<string>> {
  if (format === 'pack') return scanPack(session, content, reader, scanContent);
  if (format === 'tar') return scanTar(session, content, reader, scanContent);
  return format === 'zip' ? scanZip(session, content, reader, scanContent) : scanCompressed(session, content, reader, scanContent, format);
}

