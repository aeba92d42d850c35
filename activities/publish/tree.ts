import { buffer } from 'node:stream/consumers';
import { limits, mediaTypes, treeOf, type Replacement, type Tree, type TreeEntry } from '../../domain/index.ts';
import { getBlobStream, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { isPatchable, type Redact, type Redacted } from './redaction.ts';

type FileEntry = Extract<TreeEntry, { type: 'file' }>;

export interface PublishedTree {
  tree: Tree;
  replaced: Replacement[];
}

/**
 * A copy of a stored tree in which every secret in a text, in a name and in a link's target stands as its marker; the original
 * stays as it is. Binaries, tensors and archives are never patched. Failures: STORE_UNREACHABLE, STORE_CORRUPT.
 */
export async function publishTree(store: ObjectStore, tree: Tree, redact: Redact): Promise<PublishedTree> {
  const replaced: Replacement[] = [];
  const entries: TreeEntry[] = [];
  for (const entry of tree.entries) {
    const path = await renamed(entry.path, redact);
    const note = (what: Replacement['what'], redacted: Redacted[]): void => void replaced.push(...redacted.map((each) => ({ path: path.text, what, ...each })));
    note('name', path.redacted);
    if (entry.type === 'directory') entries.push({ ...entry, path: path.text });
    else if (entry.type === 'symlink') {
      const target = await renamed(entry.target, redact);
      note('link', target.redacted);
      entries.push({ ...entry, path: path.text, target: target.text });
    } else entries.push({ ...(await rewritten(store, entry, redact, (redacted) => note('content', redacted))), path: path.text });
  }
  return { tree: treeOf(entries), replaced };
}

/** Name by name, so that a rule does not take a slash for a part of a value. */
async function renamed(path: string, redact: Redact): Promise<{ text: string; redacted: Redacted[] }> {
  const redacted: Redacted[] = [];
  const names: string[] = [];
  for (const name of path.split('/')) {
    const redaction = await redact(Buffer.from(name));
    names.push(redaction?.bytes.toString() ?? name);
    redacted.push(...(redaction?.redacted ?? []));
  }
  return { text: names.join('/'), redacted };
}

async function rewritten(store: ObjectStore, entry: FileEntry, redact: Redact, note: (redacted: Redacted[]) => void): Promise<FileEntry> {
  if (entry.sizeBytes > limits.publishTextBytes) return entry;
  const bytes = await buffer(await getBlobStream(store, entry.sha256));
  const redaction = isPatchable(bytes, entry.path) ? await redact(bytes) : undefined;
  if (!redaction) return entry;
  note(redaction.redacted);
  const { sha256, sizeBytes } = await putBlob(store, redaction.bytes, mediaTypes.bytes);
  return { ...entry, sha256, sizeBytes };
}
