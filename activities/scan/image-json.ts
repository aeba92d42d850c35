import { scanDecoded } from './decoded.ts';
import type { Content } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/**
 * Scans a configuration, manifest or attestation of an image: as bytes, and what stands in base64 in it: the build arguments in
 * `moby.buildkit.buildinfo.v1` (BuildKit before 0.12) and the statement in a signed envelope (DSSE).
 */
export function scanImageJson(session: ScanSession, content: Content, reader: ByteReader): Promise<Set<string>> {
  return scanDecoded(session, content, reader, (document) => encodedIn(document).map((text) => Buffer.from(text, 'base64').toString('utf8')).join('\n'));
}

const encodedMember = /^(?:payload$|moby\.buildkit\.)/;

function encodedIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (typeof member === 'string' ? (encodedMember.test(name) ? [member] : []) : encodedIn(member)));
}
