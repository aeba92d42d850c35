import { limits } from '../../domain/index.ts';
import { scanBytes } from './bytes.ts';
import { addAll, type Content } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/**
 * Scans a JSON document as bytes and, where it parses, the text that `textOf` makes of it, for what escapes, array members or
 * an encoding hide from every pattern. Larger documents, and what is no JSON, are scanned as bytes only.
 */
export async function scanDecoded(session: ScanSession, content: Content, reader: ByteReader, textOf: (document: unknown) => string): Promise<Set<string>> {
  const held: Buffer[] = [];
  let size = 0;
  async function* kept(): AsyncGenerator<Buffer> {
    for await (const chunk of reader.rest()) {
      size += chunk.length;
      if (size <= limits.scanNotebookBytes) held.push(Buffer.from(chunk));
      yield chunk;
    }
  }
  const found = await scanBytes(session, content, kept());
  const document = size <= limits.scanNotebookBytes ? parsed(Buffer.concat(held).toString('utf8')) : undefined;
  const text = document === undefined ? '' : textOf(document);
  if (text === '') return found;
  const raw = new Set(found);
  addAll(found, await scanBytes(session, { ...content, within: [...content.within, 'decoded'] }, inOne(text), () => raw));
  return found;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // Its bytes are all there is, and they were scanned.
  }
}

async function* inOne(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text, 'utf8');
}
