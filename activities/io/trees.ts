import { createWriteStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { canonicalJson, mediaTypes, Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { getBlob, getBlobStream, putBlob } from './blobs.ts';
import { forEachConcurrently } from './concurrency.ts';
import type { ObjectStore } from './store.ts';
import { entryAt } from './tree-paths.ts';

export { treeFromDirectory } from './tree-from-directory.ts';
export { treeFromTar, type TarOptions } from './tree-from-tar.ts';
export { tarOfTree, type ExtraEntry, type ExtraFile } from './tree-to-tar.ts';
export type { TreeOptions } from './tree-collector.ts';

/** Keeps a tree under the SHA-256 of its canonical JSON, which is returned: the identity of what the tree describes. */
export async function putTree(store: ObjectStore, tree: Tree): Promise<string> {
  return (await putBlob(store, Buffer.from(canonicalJson(tree)), mediaTypes.tree)).sha256;
}

/** Failures: STORE_CORRUPT where it is missing, damaged or not a tree. */
export async function getTree(store: ObjectStore, sha256: string): Promise<Tree> {
  const text = Buffer.from(await getBlob(store, sha256)).toString('utf8');
  const parsed = Tree.safeParse(parseJson(text));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${sha256} is not a tree`);
  return parsed.data;
}

/** The bytes of one file, links followed; undefined where the path names no file of the tree. */
export async function readTreeFile(store: ObjectStore, tree: Tree, path: string): Promise<Uint8Array | undefined> {
  const entry = entryAt(tree, path);
  return entry?.type === 'file' ? getBlob(store, entry.sha256) : undefined;
}

/** Writes a tree into a directory, which is made; files that are there already are never overwritten. */
export async function writeTree(store: ObjectStore, tree: Tree, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { type, path } of tree.entries) if (type === 'directory') await mkdir(join(directory, path), { recursive: true });
  const files = tree.entries.filter((entry) => entry.type === 'file');
  await forEachConcurrently(files, 8, async ({ path, sha256, executable }) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    const target = createWriteStream(join(directory, path), { flags: 'wx', mode: executable ? 0o755 : 0o644 });
    await pipeline(await getBlobStream(store, sha256), target);
  });
  // Links last: nothing is then written through one.
  for (const entry of tree.entries) if (entry.type === 'symlink') await symlink(entry.target, join(directory, entry.path));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Said as "is not a tree" by the caller.
  }
}
