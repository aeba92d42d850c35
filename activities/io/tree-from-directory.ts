import { createHash } from 'node:crypto';
import { constants, createReadStream, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { blobKey, mediaTypes, type Tree, type TreeEntry } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { putBlob } from './blobs.ts';
import { forEachConcurrently } from './concurrency.ts';
import type { ObjectStore } from './store.ts';
import { createTreeCollector, type TreeCollector, type TreeOptions } from './tree-collector.ts';
import { quoted } from './tree-paths.ts';

/** Below this a file is read once into memory, hashed and sent; above it is read twice, so that memory stays bounded. */
const wholeFileBytes = 8 * 1024 ** 2;
const filesInFlight = 8;
const attemptsPerFile = 3;

/**
 * Keeps a directory in the store: every file as a blob, and what makes the directory out of them as the returned tree. Links
 * that stay inside are kept as links. Failures: the options' `tooLarge`; `unsafe`, naming links that leave, devices, sockets,
 * pipes and names that are not UTF-8; `unreadable` where a file cannot be read or keeps changing.
 */
export async function treeFromDirectory(store: ObjectStore, directory: string, options: TreeOptions): Promise<Tree> {
  const collector = createTreeCollector(options);
  const files: FoundFile[] = [];
  await walk(directory, '', collector, options, files);
  let done = 0;
  await forEachConcurrently(files, filesInFlight, async (file) => {
    options.signal?.throwIfAborted();
    collector.add(await keepFile(store, directory, file, options));
    done += 1;
    options.report?.({ message: `reading ${file.path}`, done, total: files.length });
  });
  return collector.finish();
}

interface FoundFile {
  path: string;
  sizeBytes: number;
}

/** Everything is looked at before anything is read, so that a directory that is too large costs no upload. */
async function walk(root: string, at: string, collector: TreeCollector, options: TreeOptions, files: FoundFile[]): Promise<void> {
  const names = await orUnreadable(at || '.', options, () => readdir(join(root, at), { encoding: 'buffer' }));
  for (const name of names) {
    const text = name.toString('utf8');
    // A name in another encoding does not survive decoding; treePath then refuses the U+FFFD.
    const child = at === '' ? text : `${at}/${text}`;
    const status = await lstatUnlessBroken(root, child, options);
    const path = collector.claim(child, status?.isFile() ? status.size : 0);
    if (path === undefined || !status) continue;
    if (status.isDirectory()) {
      collector.add({ type: 'directory', path });
      await walk(root, path, collector, options, files);
    } else if (status.isSymbolicLink()) {
      collector.add({ type: 'symlink', path, target: await orUnreadable(path, options, () => readlink(join(root, path))) });
    } else if (status.isFile()) {
      files.push({ path, sizeBytes: status.size });
    } else {
      throw failure(options.unsafe, `${quoted(path)} is a ${kindOf(status)}, not a file, directory or link`);
    }
  }
}

function lstatUnlessBroken(root: string, child: string, options: TreeOptions): Promise<Stats | undefined> {
  if (child.includes('\uFFFD')) return Promise.resolve(undefined);
  return orUnreadable(child, options, () => lstat(join(root, child)));
}

function kindOf(status: Stats): string {
  if (status.isFIFO()) return 'pipe';
  if (status.isSocket()) return 'socket';
  return 'device';
}

async function keepFile(store: ObjectStore, root: string, { path }: FoundFile, options: TreeOptions): Promise<TreeEntry> {
  for (let attempt = 1; attempt <= attemptsPerFile; attempt += 1) {
    const entry = await orUnreadable(path, options, () => readOnce(store, join(root, path), path));
    if (entry) return entry;
  }
  throw failure(options.unreadable ?? options.unsafe, `${quoted(path)} changed while it was read, ${attemptsPerFile} times in a row`);
}

/** Undefined where the file changed while it was read. */
async function readOnce(store: ObjectStore, absolute: string, path: string): Promise<TreeEntry | undefined> {
  const handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const before = await handle.stat();
    const blob = before.size <= wholeFileBytes ? await keepSmall(store, handle) : await keepLarge(store, handle, absolute, before.size);
    const after = await handle.stat();
    const unchanged = before.mtimeMs === after.mtimeMs && before.size === after.size && blob?.sizeBytes === after.size;
    return unchanged ? { type: 'file', path, executable: (before.mode & 0o111) !== 0, ...blob } : undefined;
  } finally {
    await handle.close();
  }
}

interface Content {
  sha256: string;
  sizeBytes: number;
}

async function keepSmall(store: ObjectStore, handle: FileHandle): Promise<Content> {
  const { sha256, sizeBytes } = await putBlob(store, await handle.readFile(), mediaTypes.bytes);
  return { sha256, sizeBytes };
}

async function keepLarge(store: ObjectStore, handle: FileHandle, absolute: string, sizeBytes: number): Promise<Content | undefined> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, start: 0, highWaterMark: 1024 ** 2 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    read += chunk.length;
  }
  const sha256 = hash.digest('hex');
  const key = blobKey(sha256);
  if (read !== sizeBytes) return undefined;
  if (!(await store.head(key))) {
    // A second reading: its hash is checked by the store, so that a change in between is not kept under the old name.
    await store.putStreamIfAbsent(key, { open: () => createReadStream(absolute, { end: sizeBytes - 1 }), sizeBytes, sha256 }, mediaTypes.bytes);
  }
  return { sha256, sizeBytes };
}

async function orUnreadable<Result>(path: string, options: TreeOptions, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || !fileErrors.has(code)) throw error;
    throw failure(options.unreadable ?? options.unsafe, `${quoted(path)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const fileErrors = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EIO', 'ENAMETOOLONG', 'EISDIR', 'ENXIO']);
