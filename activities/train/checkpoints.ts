import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Container } from 'dockerode';
import { extract, pack, type Pack } from 'tar-stream';
import { Checkpoint, checkpointKey, checkpointPrefix, mediaTypes, sequenceOf, treeOf, treeSizeBytes, type Tree, type TreeEntry } from '../../domain/index.ts';
import { failure, outcomeOf } from '../failure.ts';
import { getBlobStream, putBlobStream, type MaskFile } from '../io/blobs.ts';
import { isNotFound, onEngine } from '../io/docker/errors.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree, putTree } from '../io/trees.ts';
import type { Lease } from '../logs/index.ts';
import type { listCheckpoints, ListedFile } from './listing.ts';
import { createRestless, unitOf } from './restless.ts';
import { settledFiles } from './settled.ts';
import type { Snapshot } from './snapshot.ts';
import { createUnkept } from './unkept.ts';

/** Keeps a training's checkpoint directory while it is written. */
export interface CheckpointKeeper {
  /**
   * Takes one look; what was the same in the look before is kept, and what never is, as it stands at one moment. Resolves to whether
   * anything changed since that look.
   */
  look(listed: ListedFile[] | 'too large', usedMs: number): Promise<boolean>;
  /** What of it could not be kept at the last look, and why, in words; undefined where all is, or will be. */
  unkept(): string | undefined;
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
  list(): ReturnType<typeof listCheckpoints>;
  /** What of the directory stands in these parts of it at one moment; see takeSnapshot. */
  snapshot(parts: { units: readonly string[]; sizeBytes: number }): Promise<Snapshot>;
}

/**
 * Opens behind the checkpoints that earlier attempts kept. A file that did not change is not read again, and equal files are
 * stored once. Failures: STORE_UNREACHABLE, STORE_CORRUPT, ATTEMPT_SUPERSEDED, ENGINE_UNREACHABLE.
 */
export async function openCheckpoints(store: ObjectStore, options: KeeperOptions): Promise<CheckpointKeeper> {
  let last = await lastCheckpoint(store, options.run);
  let lastTree = last ? await getTree(store, last.tree) : treeOf([]);
  let previous: ListedFile[] = [];
  let spoilt: ReadonlySet<string> = new Set();
  const restless = createRestless();
  const unkept = createUnkept();
  return {
    async look(listed, usedMs) {
      if (listed === 'too large') return unkept.all(), false;
      const before = previous;
      previous = listed;
      const settled = settledFiles(before, listed, spoilt);
      const units = restless.saw(settled.moving, spoilt);
      const snapshot = units.length === 0 ? undefined : await options.snapshot({ units, sizeBytes: sizeOf(listed, units) });
      // What only moves is tried again at once; all else is of no use before long.
      if (snapshot && !('because' in snapshot && snapshot.because === 'moving')) restless.taken(units);
      const kept = await keep(store, options, settled, { last, lastTree, usedMs, snapshot: { units, entries: snapshot && 'tree' in snapshot ? snapshot.tree.entries : undefined } });
      if (kept.made) [last, lastTree] = [kept.made.checkpoint, kept.made.tree];
      spoilt = kept.spoilt;
      unkept.saw(listed, settled.moving, units, snapshot);
      return JSON.stringify(before) !== JSON.stringify(listed);
    },
    unkept: unkept.words,
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
): Promise<{ made?: { checkpoint: Checkpoint; tree: Tree }; spoilt: ReadonlySet<string> }> {
  const known = new Map(lastTree.entries.map((entry) => [entry.path, entry]));
  const isKnown = (file: ListedFile): boolean => known.has(file.path) && last?.stamps[file.path] === file.stamp;
  // What is only gone needs no new checkpoint: the next one leaves it out.
  if (entries === undefined && settled.files.every(isKnown)) return { spoilt: new Set() };
  const read = new Map<string, TreeEntry | undefined>();
  for (const file of settled.files) read.set(file.path, isKnown(file) ? known.get(file.path) : await readFile(store, options, file));
  // What changed while it was read is in no state that the training ever saw.
  const spoilt = spoiltUnits(settled.files, read, await options.list());
  const files = settled.files.filter(({ path }) => !spoilt.has(unitOf(path)));
  if (entries === undefined && files.every(isKnown)) return { spoilt };
  const isMoving = (path: string): boolean => settled.moving.has(unitOf(path)) || spoilt.has(unitOf(path));
  const carried = lastTree.entries.filter(({ path }) => isMoving(path) && (entries === undefined || !units.includes(unitOf(path))));
  const tree = withDirectories([...carried, ...(entries ?? []), ...files.flatMap(({ path }) => read.get(path) ?? [])]);
  const stamps = Object.fromEntries([...carried.map(({ path }) => [path, last?.stamps[path] ?? '']), ...files.map(({ path, stamp }) => [path, stamp])]);
  return { spoilt, made: { tree, checkpoint: await putCheckpoint(store, options, { tree, stamps, usedMs, sequence: (last?.sequence ?? -1) + 1 }) } };
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

/** Undefined where it could not be read: it is gone, or has changed so much that the engine ended its archive in the middle. */
async function readFile(store: ObjectStore, { container, directory, scratchDirectory, mask }: KeeperOptions, file: ListedFile): Promise<TreeEntry | undefined> {
  if (file.link !== undefined) return { type: 'symlink', path: file.path, target: file.link };
  const archive = await onEngine(`reading the checkpoint ${file.path}`, () => container.getArchive({ path: `${directory}/${file.path}` }).catch(unlessNotFound));
  if (!archive) return undefined;
  const tar = extract();
  const read = pipeline(archive, tar as unknown as Writable);
  read.catch(() => undefined); // Thrown below, where the entry is read.
  try {
    for await (const entry of tar) {
      const { sha256, sizeBytes } = await putBlobStream(store, entry as unknown as Readable, mediaTypes.bytes, scratchDirectory, mask && ((open) => mask(file.path, open)));
      return { type: 'file', path: file.path, executable: file.executable, sha256, sizeBytes };
    }
  } catch (error) {
    if (outcomeOf(error)) throw error;
  }
  return undefined;
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** Parts of which a file is not any more what it was, or was not read; all of them where that cannot be told. */
function spoiltUnits(files: ListedFile[], read: ReadonlyMap<string, TreeEntry | undefined>, after: ListedFile[] | 'too large' | undefined): Set<string> {
  const stamps = new Map(Array.isArray(after) ? after.map(({ path, stamp }) => [path, stamp]) : []);
  return new Set(files.flatMap(({ path, stamp }) => (read.get(path) && stamps.get(path) === stamp ? [] : [unitOf(path)])));
}

function sizeOf(listed: ListedFile[], units: readonly string[]): number {
  return listed.reduce((sum, { path, sizeBytes }) => sum + (units.includes(unitOf(path)) ? sizeBytes : 0), 0);
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
