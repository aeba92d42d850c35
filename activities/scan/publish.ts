import { buffer } from 'node:stream/consumers';
import { limits, mediaTypes, treeOf, type SecretFinding, type Tree, type TreeEntry } from '../../domain/index.ts';
import { getBlobStream, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { matchesIn } from './bytes.ts';
import { scanContent } from './content.ts';
import { outermost } from './nesting.ts';
import { marker } from './redact-text.ts';
import { createSession, type ScanOptions } from './session.ts';
import { scanTreeInto } from './tree.ts';

/** One secret that the copy no longer holds. Offset and length are bytes of the original file. */
export interface Replacement {
  path: string;
  rule: string;
  offset: number;
  length: number;
  marker: string;
  fingerprint: string;
}

export interface PublicationCopy {
  /** To be published only where nothing is blocked. */
  tree: Tree;
  replacements: Replacement[];
  /** What cannot be made safe: binaries, tensors, archives, names, histories, and what could not be read. */
  blocked: { path: string; reason: string }[];
}

type FileEntry = Extract<TreeEntry, { type: 'file' }>;

/**
 * A copy of a stored tree in which every secret in a text file stands as its marker; the original stays as it is. Binary and
 * packed files are never patched: they block, as does what is still found in the copy. Failures: STORE_UNREACHABLE,
 * STORE_CORRUPT.
 */
export async function publicationCopy(store: ObjectStore, tree: Tree, options: ScanOptions): Promise<PublicationCopy> {
  const copy: PublicationCopy = { tree, replacements: [], blocked: [] };
  const findings = await findingsOf(store, tree, options, copy);
  const entries: TreeEntry[] = [];
  for (const entry of tree.entries) {
    const own = findings.get(entry.path) ?? [];
    findings.delete(entry.path);
    entries.push(entry.type === 'file' && own.length > 0 ? await published(store, entry, own, options, copy) : entry);
  }
  for (const [path] of findings) copy.blocked.push({ path, reason: 'a secret stands in a name or in the history of a repository' });
  return { ...copy, tree: treeOf(entries) };
}

/** Findings that gate, by path. What could not be read gates as well. */
async function findingsOf(store: ObjectStore, tree: Tree, options: ScanOptions, copy: PublicationCopy): Promise<Map<string, SecretFinding[]>> {
  const session = createSession(options);
  await scanTreeInto(session, store, tree);
  const report = session.report();
  for (const reason of report.incompleteBecause ?? []) copy.blocked.push({ path: reason.split(': ')[0] ?? '', reason });
  const byPath = new Map<string, SecretFinding[]>();
  for (const finding of report.findings.filter(gates)) byPath.set(finding.path, [...(byPath.get(finding.path) ?? []), finding]);
  return byPath;
}

async function published(store: ObjectStore, entry: FileEntry, findings: SecretFinding[], options: ScanOptions, copy: PublicationCopy): Promise<FileEntry> {
  const block = (reason: string): FileEntry => {
    copy.blocked.push({ path: entry.path, reason });
    return entry;
  };
  if (findings.some(({ within = [] }) => within.some((name) => name !== 'decoded'))) return block('the secret is packed in an archive');
  if (entry.sizeBytes > limits.publishTextBytes) return block(`the file is larger than ${limits.publishTextBytes} bytes`);
  const bytes = await buffer(await getBlobStream(store, entry.sha256));
  if (bytes.includes(0)) return block('the secret is in a binary file, which is never patched');
  const { text, replacements } = await masked(bytes, entry.path, options);
  if (await stillGates(text, entry.path, options)) return block('a secret is left after masking');
  copy.replacements.push(...replacements);
  const { sha256, sizeBytes } = await putBlob(store, text, mediaTypes.bytes);
  return { ...entry, sha256, sizeBytes };
}

async function masked(bytes: Buffer, path: string, options: ScanOptions): Promise<{ text: Buffer; replacements: Replacement[] }> {
  const session = createSession(options);
  const parts: Buffer[] = [];
  const replacements: Replacement[] = [];
  let from = 0;
  for (const match of await matchesIn({ bytes, from: 0, to: bytes.length }, false)) {
    if (match.severity === 'note') continue;
    parts.push(bytes.subarray(from, match.start), Buffer.from(marker(match.rule)));
    from = match.end;
    const length = match.end - match.start;
    replacements.push({ path, rule: match.rule, offset: match.start, length, marker: marker(match.rule), fingerprint: session.fingerprintOf(match.value) });
  }
  return { text: Buffer.concat([...parts, bytes.subarray(from)]), replacements };
}

async function stillGates(text: Buffer, path: string, options: ScanOptions): Promise<boolean> {
  const session = createSession(options);
  await scanContent(session, outermost(path), oneChunk(text));
  const report = session.report();
  return !report.complete || report.findings.some(gates);
}

function gates({ severity }: SecretFinding): boolean {
  return severity !== 'note';
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
