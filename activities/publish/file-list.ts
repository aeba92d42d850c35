import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { treeOf, type Tree, type TreeEntry } from '../../domain/index.ts';
import { measureStream } from '../attest/bytes.ts';

/** A directory as it lies there, and what in it is neither file, directory nor link. */
export interface FileList {
  files: Tree;
  others: string[];
}

/** Reads every byte below a directory, and keeps none; no link is followed. */
export async function listFiles(directory: string, signal?: AbortSignal): Promise<FileList> {
  const entries: TreeEntry[] = [];
  const others: string[] = [];
  for (const found of await readdir(directory, { recursive: true, withFileTypes: true })) {
    signal?.throwIfAborted();
    const absolute = join(found.parentPath, found.name);
    const path = relative(directory, absolute).split(sep).join('/');
    if (found.isDirectory()) entries.push({ type: 'directory', path });
    else if (found.isSymbolicLink()) entries.push({ type: 'symlink', path, target: await readlink(absolute) });
    else if (found.isFile()) entries.push({ type: 'file', path, executable: ((await lstat(absolute)).mode & 0o111) !== 0, ...(await measureStream(createReadStream(absolute))) });
    else others.push(path);
  }
  return { files: treeOf(entries), others };
}
