import { scanDecoded } from './decoded.ts';
import type { Content } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/**
 * Scans a notebook as bytes, and its cells and outputs as the text that people see: escaped quotes and lines split into array
 * members hide an assignment from every pattern.
 */
export function scanNotebook(session: ScanSession, content: Content, reader: ByteReader): Promise<Set<string>> {
  return scanDecoded(session, content, reader, textOf);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join(value.every((member) => typeof member === 'string') ? '' : '\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([name, member]) => `${name}: ${textOf(member)}`).join('\n');
}
