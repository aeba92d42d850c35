import { createReadStream } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type Docker from 'dockerode';
import type { ScanReport, Tree } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { reasonOf } from './compressed.ts';
import { scanContent } from './content.ts';
import { scanDirectoryInto } from './directory.ts';
import { scanGitObjects } from './git-objects.ts';
import { scanImageInto } from './image.ts';
import { outermost } from './nesting.ts';
import { createSession, type PartCache, type ScanOptions } from './session.ts';
import { scanTreeInto } from './tree.ts';

export type { ScanOptions } from './session.ts';

/**
 * The secrets in a directory: files of any encoding, archives in archives, repositories with their whole history. Never
 * throws for what it cannot read: the report is then `complete: false` and says what was left out.
 */
export async function scanDirectory(path: string, options: ScanOptions): Promise<ScanReport> {
  const root = await realpath(path);
  const session = createSession({ ...options, root });
  await scanDirectoryInto(session, root);
  return session.report();
}

/** The secrets in a repository: all objects and everything else in its git directory (reflogs, configuration, hooks). */
export async function scanGit(path: string, options: ScanOptions): Promise<ScanReport> {
  const session = createSession(options);
  const checkout = join(await realpath(path), '.git');
  const isCheckout = (await lstat(checkout).catch(() => undefined))?.isDirectory() === true;
  // A git directory is told by what it holds, so its objects are read by git here as well.
  await scanDirectoryInto(session, isCheckout ? checkout : await realpath(path));
  if (session.counts.objects === 0) await scanGitObjects(session, isCheckout ? checkout : path, '.');
  return session.report();
}

/** The secrets in one file, with everything that it packs. */
export async function scanArchive(path: string, options: ScanOptions): Promise<ScanReport> {
  const session = createSession(options);
  try {
    session.counts.files += 1;
    await scanContent(session, outermost(basename(path)), createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>);
  } catch (error) {
    options.signal?.throwIfAborted();
    session.skip(basename(path), [], `not readable: ${reasonOf(error)}`);
  }
  return session.report();
}

/** The secrets in an image: configuration, history and every layer, with files that a later layer deletes. */
export async function scanImage(docker: Docker, id: string, options: ScanOptions): Promise<ScanReport> {
  const session = createSession(options);
  await scanImageInto(session, docker, id);
  return session.report();
}

/** The secrets in a stored tree. Failures: STORE_UNREACHABLE, STORE_CORRUPT, which are the store's and not the tree's. */
export async function scanTree(store: ObjectStore, tree: Tree, options: ScanOptions, cache?: PartCache): Promise<ScanReport> {
  const session = createSession(options);
  await scanTreeInto(session, store, tree, cache);
  return session.report();
}
