import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Container } from 'dockerode';
import { extract, pack, type Pack } from 'tar-stream';
import { Checkpoint, checkpointKey, checkpointPrefix, mediaTypes, sequenceOf, treeOf, treeSizeBytes, type Tree, type TreeEntry } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { getBlobStream, putBlobStream, type MaskFile } from '../io/blobs.ts';
import { onEngine } from '../io/docker/errors.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree, putTree } from '../io/trees.ts';
import type { Lease } from '../logs/index.ts';
import type { ListedFile } from './listing.ts';
import { createRestless, unitOf } from './restless.ts';
import { settledFiles } from './settled.ts';

/** Keeps a training's checkpoint directory while it is written. */
export interface CheckpointKeeper {
  /**
   * Takes one look; what was the same in the look before is kept, and what never is, as it stands at one moment. Resolves to whether
   * anything changed since that look.
   */
  look(listed: ListedFile[], usedMs: number): Promise<boolean>;
  /** How many are stored. */
  count(): number;
}

export interface KeeperOptions {
  run: string;
  /** The training's container, from which the bytes are read. */
  container: Container;
  /** Path of the directory in it. */
  directory: string;
  scratchDirectory: string;
  lease: Lease;
  /** See FileMask: a checkpoint is stored as an output is. */
  mask?: MaskFile | undefined;
  list(): Promise<ListedFile[] | undefined>;
  /** What of the directory stands in these parts of it at one moment; see takeSnapshot. */
  snapshot(units: readonly string[]): Promise<Tree | undefined>;
}

/**
 * Opens behind the checkpoints that earlier attempts kept. A file that did not change is not read again, and equal files are
 * stored once. Failures: STORE_UNREACHABLE, STORE_CORRUPT, ATTEMPT_SUPERSEDED, ENGINE_UNREACHABLE.
 */
export async function openCheckpoints(store: ObjectStore, options: KeeperOptions): Promise<CheckpointKeeper> {
  let last = await lastCheckpoint(store, options.run);
  let lastTree = last ? await getTree(store, last.tree) : treeOf([]);
  let previous: ListedFile[] = [];
  const restless = createRestless();
  return {
    async look(listed, usedMs) {
      const before = previous;
      previous = listed;
      const changed = JSON.stringify(before) !== JSON.stringify(listed);
      const settled = settledFiles(before, listed);
      const units = restless.saw(settled.moving, listed);
      const snapshot = units.length === 0 ? undefined : await options.snapshot(units);
      if (snapshot) restless.taken(units);
      const kept = await keep(store, options, settled, { last, lastTree, usedMs, snapshot: { units, entries: snapshot?.entries } });
      if (kept) [last, lastTree] = [kept.checkpoint, kept.tree];
      return changed;
    },
    count: () => (last ? last.sequence + 1 : 0),
  };
}

/** The newest checkpoint of a run; undefined where it has none. Failures: STORE_CORRUPT, STORE_UNREACHABLE. */
export async function lastCheckpoint(store: ObjectStore, run: string): Promise<Checkpoint | undefined> {
  let newest: string | undefined;
  for await (const { key } of store.list(checkpointPrefix(run))) if (newest === undefined || (sequenceOf(key) ?? 0) > (sequenceOf(newest) ?? 0)) newest = key;
  if (newest === undefined) return undefined;
  const parsed = Checkpoint.safeParse(JSON.parse(Buffer.from((await store.get(newest)) ?? []).toString('utf8') || 'null'));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${newest} is not a checkpoint`);
  return parsed.data;
}

/** A checkpoint as a tar for a volume, writable for every user: an image may run its command as any. */
export function tarOfCheckpoint(store: ObjectStore, tree: Tree): Readable {
  const tar = pack();
  writeEntries(store, tar, tree).then(
    () => tar.finalize(),
    (error: unknown) => (tar as unknown as Readable).destroy(error as Error),
  );
  return tar as unknown as Readable;
}

interface Kept {
  last: Checkpoint | undefined;
  lastTree: Tree;
  usedMs: number;
  snapshot: { units: readonly string[]; entries: TreeEntry[] | undefined };
}

async function keep(
  store: ObjectStore,
  options: KeeperOptions,
  settled: ReturnType<typeof settledFiles>,
  { last, lastTree, usedMs, snapshot: { units, entries } }: Kept,
): Promise<{ checkpoint: Checkpoint; tree: Tree } | undefined> {
  const known = new Map(lastTree.entries.map((entry) => [entry.path, entry]));
  const isKnown = (file: ListedFile): boolean => known.has(file.path) && last?.stamps[file.path] === file.stamp;
  // What is only gone needs no new checkpoint: the next one leaves it out.
  if (entries === undefined && settled.files.every(isKnown)) return undefined;
  const carried = lastTree.entries.filter(({ path }) => settled.moving.has(unitOf(path)) && (entries === undefined || !units.includes(unitOf(path))));
  const read = new Map<string, TreeEntry>();
  for (const file of settled.files) read.set(file.path, isKnown(file) ? (known.get(file.path) as TreeEntry) : await readFile(store, options, file));
  // What changed while it was read is in no state that the training ever saw.
  const after = await options.list();
  if (!after || !sameFiles(settled.files, after)) return undefined;
  const tree = withDirectories([...carried, ...(entries ?? []), ...read.values()]);
  const stamps = Object.fromEntries([...carried.map(({ path }) => [path, last?.stamps[path] ?? '']), ...settled.files.map(({ path, stamp }) => [path, stamp])]);
  return { tree, checkpoint: await putCheckpoint(store, options, { tree, stamps, usedMs, sequence: (last?.sequence ?? -1) + 1 }) };
}

async function putCheckpoint(
  store: ObjectStore,
  { run, lease }: KeeperOptions,
  { tree, stamps, usedMs, sequence }: { tree: Tree; stamps: Record<string, string>; usedMs: number; sequence: number },
): Promise<Checkpoint> {
  const files = tree.entries.filter(({ type }) => type === 'file').length;
  const at = new Date().toISOString();
  const checkpoint: Checkpoint = { schema: 'reprise.checkpoint/v1', sequence, at, usedMs, tree: await putTree(store, tree), files, sizeBytes: treeSizeBytes(tree), stamps };
  await lease.assertHeld();
  const outcome = await store.putIfAbsent(checkpointKey(run, sequence), Buffer.from(JSON.stringify(checkpoint)), mediaTypes.json);
  if (outcome === 'created') return checkpoint;
  await lease.assertHeld();
  // Of an attempt before this one, in its last moment.
  return putCheckpoint(store, { run, lease } as KeeperOptions, { tree, stamps, usedMs, sequence: sequence + 1 });
}

async function readFile(store: ObjectStore, { container, directory, scratchDirectory, mask }: KeeperOptions, file: ListedFile): Promise<TreeEntry> {
  if (file.link !== undefined) return { type: 'symlink', path: file.path, target: file.link };
  const archive = (await onEngine(`reading the checkpoint ${file.path}`, () => container.getArchive({ path: `${directory}/${file.path}` }))) as Readable;
  const tar = extract();
  const read = pipeline(archive, tar as unknown as Writable);
  read.catch(() => undefined); // Thrown below, where the entry is read or missed.
  for await (const entry of tar) {
    const { sha256, sizeBytes } = await putBlobStream(store, entry as unknown as Readable, mediaTypes.bytes, scratchDirectory, mask && ((open) => mask(file.path, open)));
    return { type: 'file', path: file.path, executable: file.executable, sha256, sizeBytes };
  }
  await read;
  throw failure('PLATFORM_ERROR', `the engine gave no bytes for the checkpoint ${file.path}`);
}

function sameFiles(wanted: ListedFile[], present: ListedFile[]): boolean {
  const stamps = new Map(present.map(({ path, stamp }) => [path, stamp]));
  return wanted.every(({ path, stamp }) => stamps.get(path) === stamp);
}

function withDirectories(entries: TreeEntry[]): Tree {
  const all = new Map(entries.filter(({ type }) => type !== 'directory').map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (!all.has(parent)) all.set(parent, { type: 'directory', path: parent });
    }
  }
  return treeOf([...all.values()]);
}

async function writeEntries(store: ObjectStore, tar: Pack, tree: Tree): Promise<void> {
  for (const entry of tree.entries) {
    if (entry.type === 'directory') tar.entry({ name: `${entry.path}/`, type: 'directory', mode: 0o777 });
    else if (entry.type === 'symlink') tar.entry({ name: entry.path, type: 'symlink', linkname: entry.target });
    else {
      const target = tar.entry({ name: entry.path, mode: entry.executable ? 0o777 : 0o666, size: entry.sizeBytes });
      await pipeline(await getBlobStream(store, entry.sha256), target as unknown as Writable);
    }
  }
}
