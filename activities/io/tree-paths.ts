import type { FailureCode, Tree, TreeEntry } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/**
 * An entry's path as a tree keeps it: relative, `/` between names, no `.`; '' for the root itself. Refuses by name, with the
 * given code, what would be written outside, and names that are not valid UTF-8 (which decoding turned into U+FFFD).
 */
export function treePath(name: string, unsafe: FailureCode): string {
  if (name.includes('\uFFFD')) throw failure(unsafe, `${quoted(name)}: the name is not valid UTF-8`);
  if (name.includes('\0')) throw failure(unsafe, `${quoted(name)}: the name holds a NUL character`);
  if (name.startsWith('/')) throw failure(unsafe, `${quoted(name)}: the path is absolute`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw failure(unsafe, `${quoted(name)}: the path leads out of the tree`);
  return parts.join('/');
}

/** A name as a message shows it: on one line, whatever it holds. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 300 ? `${name.slice(0, 300)}…` : name);
}

/** As Linux: more links in a row than this are a loop. */
const mostLinks = 40;

/**
 * Where a path really leads, symlinks followed as a file system does. 'outside' where a link leaves the tree, 'loop' where
 * links go in circles. What does not exist keeps its lexical path.
 */
export function followLinks(
  entries: ReadonlyMap<string, TreeEntry>,
  path: string,
): { path: string } | 'outside' | 'loop' {
  const pending = path.split('/').toReversed();
  const walked: string[] = [];
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (walked.pop() === undefined) return 'outside';
      continue;
    }
    const here = [...walked, part].join('/');
    const entry = entries.get(here);
    if (entry?.type !== 'symlink') {
      walked.push(part);
      continue;
    }
    links += 1;
    if (links > mostLinks) return 'loop';
    if (entry.target.startsWith('/')) return 'outside';
    pending.push(...entry.target.split('/').toReversed());
  }
  return { path: walked.join('/') };
}

/** The entry that a path names, links followed; undefined where there is none inside the tree. */
export function entryAt(tree: Tree, path: string): TreeEntry | undefined {
  const entries = entriesByPath(tree);
  const found = followLinks(entries, path);
  return typeof found === 'string' ? undefined : entries.get(found.path);
}

const indexes = new WeakMap<Tree, Map<string, TreeEntry>>();

/** Trees are never changed once made, so each is indexed once. */
function entriesByPath(tree: Tree): Map<string, TreeEntry> {
  const known = indexes.get(tree);
  if (known) return known;
  const made = new Map(tree.entries.map((entry) => [entry.path, entry]));
  indexes.set(tree, made);
  return made;
}
