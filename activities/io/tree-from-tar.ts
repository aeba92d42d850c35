import { Readable, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ApplicationFailure } from '@temporalio/common';
import { extract, type Extract, type Header } from 'tar-stream';
import { mediaTypes, type Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { putBlob, putBlobStream, type MaskFile } from './blobs.ts';
import { createLanes, type Lanes } from './concurrency.ts';
import type { ObjectStore } from './store.ts';
import { createTreeCollector, type TreeCollector, type TreeOptions } from './tree-collector.ts';
import { quoted, treePath } from './tree-paths.ts';

export type TarOptions = TreeOptions & { scratchDirectory: string; mask?: MaskFile };

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** Kept in memory on the way to the store; larger entries go over the scratch directory. */
const wholeEntryBytes = 8 * 1024 ** 2;
const uploadsInFlight = 8;

/**
 * Keeps what a tar stream holds, as treeFromDirectory keeps a directory; nothing is unpacked to disk. Of entries of the same
 * name the last counts, hard links become the file that they link to. Failures: the options' `tooLarge`; `unsafe`, naming
 * absolute paths, `..`, links out of the tree, devices and pipes; `unreadable` where the archive is broken or ends early.
 */
export async function treeFromTar(store: ObjectStore, readable: Readable, options: TarOptions): Promise<Tree> {
  const collector = createTreeCollector(options);
  const lanes = createLanes(uploadsInFlight);
  const tar = extract();
  try {
    await Promise.all([pipeline(readable, tar as unknown as Writable), keepAll(store, tar, collector, lanes, options)]);
  } catch (error) {
    throw asFailure(error, options);
  } finally {
    await lanes.idle();
  }
  return collector.finish();
}

async function keepAll(store: ObjectStore, tar: Extract, collector: TreeCollector, lanes: Lanes, options: TarOptions): Promise<void> {
  let count = 0;
  for await (const entry of tar) {
    await keepEntry(store, entry, collector, lanes, options);
    count += 1;
    options.report?.({ message: `reading ${entry.header.name}`, done: count });
  }
  await lanes.settle();
}

/** Our own failures pass, also those of the source stream; what else breaks here is the archive. */
function asFailure(error: unknown, options: TarOptions): unknown {
  if (error instanceof ApplicationFailure || options.signal?.aborted) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC') return failure('DISK_FULL', `unpacking: ${(error as Error).message}`, { cause: error });
  return failure(options.unreadable ?? options.unsafe, `the archive is broken: ${(error as Error).message}`, { cause: error });
}

async function keepEntry(store: ObjectStore, entry: Entry, collector: TreeCollector, lanes: Lanes, options: TarOptions): Promise<void> {
  const { header } = entry;
  const path = collector.claim(header.name, header.size);
  if (path === undefined) return drain(entry);
  refuseSparse(header, options);
  // An upload under way must not take the place of a later entry of the same name.
  if (collector.isRepeated(path)) await lanes.settle();
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return keepFile(store, entry, path, collector, lanes, options);
    case 'directory':
      collector.add({ type: 'directory', path });
      return drain(entry);
    case 'symlink':
      collector.add({ type: 'symlink', path, target: linkTarget(header, options) });
      return drain(entry);
    case 'link':
      await lanes.settle();
      collector.add({ ...hardLinked(header, collector, options), path });
      return drain(entry);
    case 'block-device':
    case 'character-device':
    case 'fifo':
      throw failure(options.unsafe, `${quoted(path)} is a ${header.type}, not a file, directory or link`);
    default:
      throw failure(options.unreadable ?? options.unsafe, `${quoted(path)} is of a kind of its own, as GNU tar's --sparse writes; repack it without`);
  }
}

async function keepFile(
  store: ObjectStore,
  entry: Entry,
  path: string,
  collector: TreeCollector,
  lanes: Lanes,
  { scratchDirectory, mask }: TarOptions,
): Promise<void> {
  const executable = (entry.header.mode & 0o111) !== 0;
  if ((entry.header.size) > wholeEntryBytes) {
    const { sha256, sizeBytes } = await putBlobStream(store, entry as unknown as Readable, mediaTypes.bytes, scratchDirectory, mask && ((open) => mask(path, open)));
    return collector.add({ type: 'file', path, executable, sha256, sizeBytes });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  await lanes.start(async () => {
    const bytes = Buffer.concat(chunks);
    const masked = await mask?.(path, () => Readable.from([bytes]));
    const { sha256, sizeBytes } = await putBlob(store, masked ? await buffer(masked) : bytes, mediaTypes.bytes);
    collector.add({ type: 'file', path, executable, sha256, sizeBytes });
  });
}

function hardLinked(header: Header, collector: TreeCollector, options: TarOptions): ReturnType<TreeCollector['get']> & object {
  const target = treePath(linkTarget(header, options), options.unsafe);
  const known = collector.get(target);
  if (known && known.type !== 'directory') return known;
  throw failure(options.unsafe, `${quoted(header.name)}: is a hard link to ${quoted(target)}, which the archive does not hold before it`);
}

function linkTarget(header: Header, options: TarOptions): string {
  const target = header.linkname;
  if (!target) throw failure(options.unsafe, `${quoted(header.name)}: is a link to nothing`);
  return target;
}

/** Sparse entries hold a map of their pieces, not their bytes: kept as they are, they would be other files. */
function refuseSparse(header: Header, options: TarOptions): void {
  const sparse = Object.keys((header.pax as object | null | undefined) ?? {}).some((name) => name.startsWith('GNU.sparse.'));
  if (!sparse) return;
  throw failure(options.unreadable ?? options.unsafe, `${quoted(header.name)}: is stored sparse; repack the archive without --sparse`);
}

/** An unread entry would hold up all that follow it. */
async function drain(entry: Entry): Promise<void> {
  entry.resume();
}
