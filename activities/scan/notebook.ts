import { limits } from '../../domain/index.ts';
import { scanBytes } from './bytes.ts';
import { addAll, type Content } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/**
 * Scans a notebook as bytes and, where it parses, its cells and outputs as the text that people see: escaped quotes and
 * lines split into array members hide an assignment from every pattern.
 */
export async function scanNotebook(session: ScanSession, content: Content, reader: ByteReader): Promise<Set<string>> {
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
  const text = size <= limits.scanNotebookBytes ? decoded(Buffer.concat(held).toString('utf8')) : undefined;
  if (text === undefined) return found;
  const raw = new Set(found);
  addAll(found, await scanBytes(session, { ...content, within: [...content.within, 'decoded'] }, inOne(text), () => raw));
  return found;
}

/** The texts of a JSON document, or undefined where it is none; then its bytes are all there is, and they were scanned. */
function decoded(json: string): string | undefined {
  try {
    return textOf(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join(value.every((member) => typeof member === 'string') ? '' : '\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([name, member]) => `${name}: ${textOf(member)}`).join('\n');
}

async function* inOne(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text, 'utf8');
}
