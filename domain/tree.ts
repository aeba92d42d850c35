import { z } from 'zod';
import { Sha256 } from './artifact.ts';

export const TreeEntry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file'),
    path: z.string(),
    executable: z.boolean(),
    sizeBytes: z.number().int().nonnegative(),
    sha256: Sha256,
  }),
  z.object({ type: z.literal('symlink'), path: z.string(), target: z.string() }),
  z.object({ type: z.literal('directory'), path: z.string() }),
]);
export type TreeEntry = z.infer<typeof TreeEntry>;

/**
 * A directory as data: entries sorted by path (code units), paths relative with `/`. Its SHA-256 over canonical JSON is the
 * identity of a snapshot, of a training output and of a suite. Owners and times are left out: they differ between two
 * unpackings of the same archive.
 */
export const Tree = z.object({ schema: z.literal('reprise.tree/v1'), entries: z.array(TreeEntry) });
export type Tree = z.infer<typeof Tree>;

export function treeOf(entries: TreeEntry[]): Tree {
  return { schema: 'reprise.tree/v1', entries: [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)) };
}

export function treeSizeBytes(tree: Tree): number {
  return tree.entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.sizeBytes : 0), 0);
}

/** The entries below `directory` ('.' or '' = all), with paths relative to it. */
export function subtree(tree: Tree, directory: string): Tree {
  const normalised = directory.replace(/^\.\/?/, '').replace(/\/+$/, '');
  if (normalised === '') return tree;
  const prefix = `${normalised}/`;
  return treeOf(
    tree.entries
      .filter((entry) => entry.path.startsWith(prefix))
      .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) })),
  );
}
