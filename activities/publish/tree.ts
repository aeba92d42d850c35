import { buffer } from 'node:stream/consumers';
import { limits, mediaTypes, treeOf, type Replacement, type Tree, type TreeEntry } from '../../domain/index.ts';
import { getBlobStream, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { isLargeFilePointer, pointersLeftOut } from './large-files.ts';
import { isPatchable, type Redact, type Redacted } from './redaction.ts';

export interface PublishedTree {
  tree: Tree;
  replaced: Replacement[];
  leftOut: string[];
}

/**
 * A copy of a stored tree in which every secret in a text, in a name and in a link's target stands as its marker; the original
 * stays as it is. Binaries, tensors and archives are never patched. Failures: STORE_UNREACHABLE, STORE_CORRUPT.
 */
export async function publishTree(store: ObjectStore, tree: Tree, redact: Redact): Promise<PublishedTree> {
  const replaced: Replacement[] = [];
  const entries: TreeEntry[] = [];
  let pointers = 0;
  for (const entry of tree.entries) {
    const path = await renamed(entry.path, redact);
    const note = (what: Replacement['what'], redacted: Redacted[]): void => void replaced.push(...redacted.map((each) => ({ path: path.text, what, ...each })));
    note('name', path.redacted);
    if (entry.type === 'directory') entries.push({ ...entry, path: path.text });
    else if (entry.type === 'symlink') {
      const target = await renamed(entry.target, redact);
      note('link', target.redacted);
      entries.push({ ...entry, path: path.text, target: target.text });
    } else {
      const bytes = entry.sizeBytes > limits.publishTextBytes ? undefined : await buffer(await getBlobStream(store, entry.sha256));
      if (bytes && isLargeFilePointer(bytes)) pointers += 1;
      const redaction = bytes && isPatchable(bytes, entry.path) ? await redact(bytes) : undefined;
      if (redaction) note('content', redaction.redacted);
      entries.push({ ...entry, ...(redaction && (await kept(store, redaction.bytes))), path: path.text });
    }
  }
  return { tree: treeOf(entries), replaced, leftOut: pointersLeftOut(pointers, 'files') };
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

async function kept(store: ObjectStore, bytes: Buffer): Promise<{ sha256: string; sizeBytes: number }> {
  const { sha256, sizeBytes } = await putBlob(store, bytes, mediaTypes.bytes);
  return { sha256, sizeBytes };
}
