import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { newestCommit, runGit, type GitCommit } from '../io/git.ts';
import type { SubprocessResult } from '../io/subprocess.ts';

/**
 * The commit that a directory is at: the newest that changed something in it, and whether files differ from it. Undefined where
 * it is not under git, or nothing in it is committed. A submission's own git configuration may name programs to run (filters,
 * file monitors), so it is read through a repository of our own that borrows only the objects.
 */
export async function workTreeCommit(
  directory: string,
  scratchDirectory: string,
  signal?: AbortSignal,
): Promise<(GitCommit & { modified: boolean }) | undefined> {
  const root = workTreeRoot(directory);
  if (root === undefined) return undefined;
  const ask = async (...args: string[]): Promise<string> => (await runGit(['rev-parse', ...args], { directory: root, protocols: 'none', signal })).stdout.trim();
  const [head, objects] = [await ask('--verify', '--quiet', 'HEAD^{commit}'), await ask('--git-path', 'objects')];
  if (head === '' || objects === '') return undefined;
  const own = join(scratchDirectory, randomUUID());
  try {
    const git = await borrowingRepository(own, root, resolve(root, objects), head, signal);
    const path = relative(await realpath(root), await realpath(directory)) || '.';
    const commit = await newestCommit(git, path).catch(() => undefined);
    if (!commit?.commit) return undefined;
    await git(['read-tree', 'HEAD']);
    const status = await git(['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=all', '--', path]);
    return { ...commit, modified: status.stdout.trim() !== '' };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

function workTreeRoot(directory: string): string | undefined {
  for (let at = resolve(directory); ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

async function borrowingRepository(
  own: string,
  root: string,
  objects: string,
  head: string,
  signal: AbortSignal | undefined,
): Promise<(args: string[]) => Promise<SubprocessResult>> {
  await mkdir(own, { recursive: true });
  const env = { GIT_DIR: own, GIT_WORK_TREE: root };
  const git = (args: string[]): Promise<SubprocessResult> => runGit(args, { directory: root, protocols: 'none', signal, env });
  await runGit(['init', '--quiet', '--bare', own], { directory: own, protocols: 'none', signal });
  await writeFile(join(own, 'objects', 'info', 'alternates'), `${objects}\n`);
  await writeFile(join(own, 'HEAD'), `${head}\n`);
  await git(['config', 'core.bare', 'false']);
  return git;
}
