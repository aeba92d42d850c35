import { type FailureCode, type Tree, type TreeEntry, treeOf } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { StageContext } from '../stage.ts';
import { followLinks, quoted, treePath } from './tree-paths.ts';

export interface TreeOptions {
  maxBytes: number;
  /** Counts every entry, directories too: a million empty directories are as hard to handle as files. */
  maxFiles: number;
  tooLarge: FailureCode;
  unsafe: FailureCode;
  /** For files that cannot be read or change meanwhile, and broken archives; `unsafe` unless given. */
  unreadable?: FailureCode;
  /** What is left out, by its path in the tree; a directory with all below it. */
  skip?: (path: string) => boolean;
  signal?: AbortSignal;
  report?: StageContext['report'];
}

/** Collects the entries of one tree and holds them to the limits, before their bytes are read. */
export interface TreeCollector {
  /** Checks and normalises a name and counts it and its bytes; undefined for the root and for what is left out. */
  claim(name: string, sizeBytes: number): string | undefined;
  add(entry: TreeEntry): void;
  get(path: string): TreeEntry | undefined;
  /** Whether the name was claimed more than once, as archives may. */
  isRepeated(path: string): boolean;
  /** The whole tree, parents added, after checking that nothing leads out of it. */
  finish(): Tree;
}

/** Failures: `tooLarge` and `unsafe` of the options, naming the entry. */
export function createTreeCollector(options: TreeOptions): TreeCollector {
  const { maxBytes, maxFiles, tooLarge, unsafe, skip, signal } = options;
  const entries = new Map<string, TreeEntry>();
  const claimed = new Set<string>();
  const repeated = new Set<string>();
  let count = 0;
  let bytes = 0;
  return {
    claim(name, sizeBytes) {
      signal?.throwIfAborted();
      const path = treePath(name, unsafe);
      if (path === '' || isSkipped(path, skip)) return undefined;
      if (claimed.has(path)) repeated.add(path);
      claimed.add(path);
      count += 1;
      bytes += sizeBytes;
      if (count > maxFiles) throw failure(tooLarge, `more than ${maxFiles} files and directories, the first too many is ${quoted(path)}`);
      if (bytes > maxBytes) throw failure(tooLarge, `more than ${maxBytes} bytes, reached at ${quoted(path)}`);
      return path;
    },
    add: (entry) => void entries.set(entry.path, entry),
    get: (path) => entries.get(path),
    isRepeated: (path) => repeated.has(path),
    finish() {
      addParents(entries, unsafe);
      for (const entry of entries.values()) if (entry.type === 'symlink') refuseLeavingLink(entries, entry.path, entry.target, unsafe);
      return treeOf([...entries.values()]);
    },
  };
}

function isSkipped(path: string, skip: TreeOptions['skip']): boolean {
  if (!skip) return false;
  const parts = path.split('/');
  return parts.some((_, index) => skip(parts.slice(0, index + 1).join('/')));
}

/** Archives may leave directories out; a tree always lists them, so that the same files have the same identity. */
function addParents(entries: Map<string, TreeEntry>, unsafe: FailureCode): void {
  for (const path of entries.keys()) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      const known = entries.get(parent);
      if (known?.type === 'directory') break;
      if (known) throw failure(unsafe, `${quoted(path)}: would be written through ${quoted(parent)}, which is a ${known.type}`);
      entries.set(parent, { type: 'directory', path: parent });
    }
  }
}

function refuseLeavingLink(entries: Map<string, TreeEntry>, path: string, target: string, unsafe: FailureCode): void {
  if (followLinks(entries, path) !== 'outside') return;
  throw failure(unsafe, `${quoted(path)}: the link leads out of the tree, to ${quoted(target)}`);
}
