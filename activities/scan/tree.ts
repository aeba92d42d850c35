import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits, subtree, type Tree, type TreeEntry } from '../../domain/index.ts';
import { getBlobStream } from '../io/blobs.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { writeTree } from '../io/trees.ts';
import { scanBytes } from './bytes.ts';
import { scanContent } from './content.ts';
import { scanGitObjects } from './git-objects.ts';
import { outermost } from './nesting.ts';
import { createSession, type PartCache, type ScanSession } from './session.ts';

/**
 * Scans a stored tree: its files, its names, and the objects of repositories that lie in it, which git reads from a copy in
 * the scratch directory. A missing or damaged blob is thrown: it is no finding about the submission.
 */
export async function scanTreeInto(session: ScanSession, store: ObjectStore, tree: Tree, cache?: PartCache): Promise<void> {
  const repositories = repositoriesOf(tree);
  const files = tree.entries.filter((entry) => entry.type === 'file' && !repositories.some((path) => entry.path.startsWith(objectsOf(path))));
  let done = 0;
  await forEachConcurrently(files, limits.scanFilesInFlight, async (entry) => {
    if (entry.type !== 'file') return;
    session.options.signal?.throwIfAborted();
    await scanFile(session, store, entry, cache);
    done += 1;
    if (done % 200 === 0) session.options.report?.({ message: 'scanning files', done, total: files.length });
  });
  await scanBytes(session, { path: 'names of files', within: [] }, namesOf(tree));
  for (const path of repositories) await scanRepository(session, store, tree, path);
}

/** A large file that was scanned whole is not read again when the scan is repeated. */
async function scanFile(session: ScanSession, store: ObjectStore, { path, sha256, sizeBytes }: Extract<TreeEntry, { type: 'file' }>, cache: PartCache | undefined): Promise<void> {
  const isKept = cache !== undefined && sizeBytes >= limits.scanKeptBytes;
  const known = isKept ? await cache.get(`${sha256} ${path}`) : undefined;
  if (known) return session.merge(known);
  const part = isKept ? createSession(session.options, session.fingerprintOf) : session;
  part.counts.files += 1;
  await scanContent(part, outermost(path), (await getBlobStream(store, sha256)) as AsyncIterable<Buffer>);
  if (!isKept) return;
  const report = part.report();
  session.merge(report);
  if (report.complete) await cache.put(`${sha256} ${path}`, report);
}

/** Paths of directories that hold HEAD, objects and refs; '' where the tree is one itself. */
function repositoriesOf(tree: Tree): string[] {
  const paths = new Set(tree.entries.map((entry) => entry.path));
  const objects = new Set(tree.entries.flatMap((entry) => directoriesNamed('objects', entry.path)));
  return [...objects].filter((path) => paths.has(inside(path, 'HEAD')));
}

function directoriesNamed(name: string, path: string): string[] {
  const parts = path.split('/');
  return parts.flatMap((part, index) => (part === name ? [parts.slice(0, index).join('/')] : []));
}

async function scanRepository(session: ScanSession, store: ObjectStore, tree: Tree, path: string): Promise<void> {
  const copy = join(session.options.scratchDirectory ?? tmpdir(), `scan-${randomUUID()}`);
  try {
    await writeTree(store, subtree(tree, path), copy);
    await scanGitObjects(session, copy, path);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function objectsOf(repository: string): string {
  return `${inside(repository, 'objects')}/`;
}

function inside(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

async function* namesOf(tree: Tree): AsyncGenerator<Buffer> {
  const texts = tree.entries.flatMap((entry) => (entry.type === 'symlink' ? [entry.path, entry.target] : [entry.path]));
  if (texts.length > 0) yield Buffer.from(texts.join('\n'));
}
