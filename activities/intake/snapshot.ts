import { randomUUID } from 'node:crypto';
import { lstat, mkdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { limits, type Source, type Tree } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { treeFromArchive } from '../io/archives.ts';
import { checkOut, withoutCredentials, type Submodule } from '../io/git.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree, putTree, treeFromDirectory, type TarOptions } from '../io/trees.ts';
import type { StageContext } from '../stage.ts';
import { workTreeCommit } from './work-tree.ts';

export interface Snapshot {
  /** SHA-256 of the tree. */
  tree: string;
  /** Where it came from, without credentials. */
  origin: string;
  commit?: string;
  commitDate?: string;
  /** What a reader of the record should know: changes that are not committed, submodules left out. */
  notes: string[];
}

export interface SnapshotDependencies {
  store: ObjectStore;
  settings: Pick<Settings, 'scratchDirectory'>;
}

/**
 * Keeps a source as it is now, without `.git`. What is kept is all that later stages see. Failures: SOURCE_NOT_FOUND,
 * SOURCE_UNREADABLE, SOURCE_UNSAFE_PATH, SOURCE_TOO_LARGE, REQUEST_INVALID.
 */
export async function takeSnapshot(
  dependencies: SnapshotDependencies,
  source: Source,
  context: Pick<StageContext, 'signal' | 'report'>,
): Promise<Snapshot> {
  const options = sourceOptions(dependencies, context);
  switch (source.kind) {
    case 'directory':
      return fromDirectory(dependencies, source.path, options);
    case 'archive':
      return fromArchive(dependencies, source.path, options);
    case 'git':
      return fromGit(dependencies, source, options);
    case 'snapshot':
      return fromStore(dependencies, source);
  }
}

function sourceOptions({ settings }: SnapshotDependencies, { signal, report }: Pick<StageContext, 'signal' | 'report'>): TarOptions {
  return {
    maxBytes: limits.sourceBytes,
    maxFiles: limits.sourceFiles,
    tooLarge: 'SOURCE_TOO_LARGE',
    unsafe: 'SOURCE_UNSAFE_PATH',
    unreadable: 'SOURCE_UNREADABLE',
    // The history of a repository, or of a submodule (a file of that name), is not part of what is built.
    skip: (path) => basename(path) === '.git',
    scratchDirectory: settings.scratchDirectory,
    signal,
    report,
  };
}

async function fromDirectory({ store }: SnapshotDependencies, path: string, options: TarOptions): Promise<Snapshot> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw failure('SOURCE_NOT_FOUND', `there is no ${path} on this machine`);
  if (!found.isDirectory()) throw failure('SOURCE_NOT_FOUND', `${path} is not a directory`);
  const tree = await treeFromDirectory(store, path, options);
  const commit = await workTreeCommit(path, options.scratchDirectory, options.signal);
  return {
    tree: await putTree(store, refuseEmpty(tree, path)),
    origin: resolve(path),
    ...(commit ? { commit: commit.commit, commitDate: commit.commitDate } : {}),
    notes: commit?.modified ? ['modified: the directory holds changes that are not committed'] : [],
  };
}

async function fromArchive({ store }: SnapshotDependencies, path: string, options: TarOptions): Promise<Snapshot> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw failure('SOURCE_NOT_FOUND', `there is no file ${path} on this machine`);
  const tree = await treeFromArchive(store, path, options);
  return { tree: await putTree(store, refuseEmpty(tree, path)), origin: resolve(path), notes: [] };
}

async function fromGit({ store }: SnapshotDependencies, source: Extract<Source, { kind: 'git' }>, options: TarOptions): Promise<Snapshot> {
  const { url, ref, subdirectory } = source;
  const directory = join(options.scratchDirectory, randomUUID());
  await mkdir(directory, { recursive: true });
  try {
    options.report?.({ message: `fetching ${withoutCredentials(url)}` });
    const { commit, commitDate, submodules } = await checkOut({ url, ...(ref === undefined ? {} : { ref }) }, directory, options.signal);
    const root = await insideOf(directory, subdirectory ?? '.', source);
    const tree = await treeFromDirectory(store, root, options);
    return {
      tree: await putTree(store, refuseEmpty(tree, originOf(source))),
      origin: originOf(source),
      commit,
      commitDate,
      notes: [...submodules.map(submoduleNote), ...largeFileNotes(tree)],
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fromStore({ store }: SnapshotDependencies, source: Extract<Source, { kind: 'snapshot' }>): Promise<Snapshot> {
  const { tree, origin, commit, commitDate } = source;
  refuseEmpty(await getTree(store, tree), origin);
  return { tree, origin: withoutCredentials(origin), ...(commit ? { commit } : {}), ...(commitDate ? { commitDate } : {}), notes: [] };
}

/** A link could lead the subdirectory out of the checkout, to the worker's own files. */
async function insideOf(directory: string, subdirectory: string, source: Extract<Source, { kind: 'git' }>): Promise<string> {
  const root = await realpath(directory);
  const wanted = await realpath(join(root, subdirectory)).catch(() => undefined);
  const inside = wanted !== undefined && (wanted === root || wanted.startsWith(root + sep));
  if (inside && (await lstat(wanted)).isDirectory()) return wanted;
  throw failure('SOURCE_NOT_FOUND', `${originOf(source)}: there is no directory ${subdirectory}`);
}

function originOf({ url, ref, subdirectory }: Extract<Source, { kind: 'git' }>): string {
  const fragment = ref === undefined && subdirectory === undefined ? '' : `#${ref ?? 'HEAD'}${subdirectory === undefined ? '' : `:${subdirectory}`}`;
  return `${withoutCredentials(url)}${fragment}`;
}

function refuseEmpty(tree: Tree, path: string): Tree {
  if (tree.entries.length === 0) throw failure('NO_DOCKERFILE', `${path} is empty`);
  return tree;
}

function submoduleNote({ path, commit, fetched }: Submodule): string {
  return `submodule ${path} at ${commit.slice(0, 12)}${fetched ? '' : ': could not be fetched and is left out'}`;
}

/** A pointer of Git LFS is a text file of this size range; its content would not be what the build expects. */
function largeFileNotes(tree: Tree): string[] {
  const hasAttributes = tree.entries.some(({ path }) => path === '.gitattributes');
  const small = tree.entries.filter((entry) => entry.type === 'file' && entry.sizeBytes > 110 && entry.sizeBytes < 200 && /\.(bin|safetensors|pt|pth|gguf|onnx|h5|ckpt|model|parquet)$/.test(entry.path));
  if (!hasAttributes || small.length === 0) return [];
  return [`${small.length} files seem to be Git LFS pointers, whose contents are not fetched: ${small.slice(0, 3).map(({ path }) => path).join(', ')}`];
}
