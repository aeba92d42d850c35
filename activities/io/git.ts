import { failure } from '../failure.ts';
import { run, type SubprocessResult } from './subprocess.ts';

export interface GitSource {
  url: string;
  ref?: string;
}

export interface GitCommit {
  commit: string;
  /** Of the committer, ISO 8601 in UTC. */
  commitDate: string;
}

export interface Submodule {
  path: string;
  commit: string;
  /** Whether its files are in the checkout. */
  fetched: boolean;
}

/** Cloning a large repository over a slow line; beyond that nobody waits. */
const fetchTimeoutMs = 30 * 60_000;
const quickTimeoutMs = 60_000;

/**
 * Checks a commit out into a directory, which must exist and be empty: only that commit where the server allows it. Hooks and
 * large-file filters do not run, and nobody is asked for a password. Failures: SOURCE_NOT_FOUND, without credentials in its
 * message; REQUEST_INVALID for what git would take for an option.
 */
export async function checkOut(source: GitSource, directory: string, signal?: AbortSignal): Promise<GitCommit & { submodules: Submodule[] }> {
  if (source.url.startsWith('-') || source.ref?.startsWith('-')) throw failure('REQUEST_INVALID', 'source: a git address or ref must not begin with "-"');
  const git = (args: string[], protocols = userProtocols): Promise<SubprocessResult> => runGit(args, { directory, protocols, signal });
  await succeed(source, git(['init', '--quiet', '.']));
  await succeed(source, git(['remote', 'add', 'origin', source.url]));
  await succeed(source, fetchCommit(git, source.ref ?? 'HEAD'));
  await succeed(source, git(['checkout', '--quiet', '--detach', 'FETCH_HEAD']));
  return { ...(await newestCommit(git, '.')), submodules: await fetchSubmodules(git) };
}

/** An address as it may be stored and shown: without user, password and query. */
export function withoutCredentials(url: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) return url.replace(/\/\/[^/@]*@/, '//');
  const parsed = new URL(url);
  if (parsed.protocol !== 'ssh:') parsed.username = '';
  parsed.password = '';
  parsed.search = '';
  parsed.hash = '';
  return parsed.toString();
}

/** `ext::` and other helpers run programs that the address names. */
const userProtocols = 'file:git:http:https:ssh';
/** A submodule's address is the submission's word: `file` would read the worker's own disk. */
const submoduleProtocols = 'http:https';

type Git = (args: string[], protocols?: string) => Promise<SubprocessResult>;

export interface GitSurroundings {
  directory: string;
  protocols: string;
  signal?: AbortSignal | undefined;
  env?: Record<string, string>;
}

/** Runs git so that nothing of a repository's own configuration, hooks or filters is run, as far as git lets that be said. */
export function runGit(args: string[], { directory, protocols, signal, env }: GitSurroundings): Promise<SubprocessResult> {
  const settings = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'safe.directory=*'];
  // The operator's passwords are for the address that the operator gave.
  if (protocols !== userProtocols) settings.push('credential.helper=');
  return run('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
    cwd: directory,
    env: {
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'true',
      GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
      GIT_ALLOW_PROTOCOL: protocols,
      GIT_LFS_SKIP_SMUDGE: '1',
      ...env,
    },
    timeoutMs: args[0] === 'fetch' || args[0] === 'submodule' ? fetchTimeoutMs : quickTimeoutMs,
    ...(signal ? { signal } : {}),
  });
}

/** Not every server gives out a commit by its hash, and none by a shortened one: then all branches and tags are fetched. */
async function fetchCommit(git: Git, ref: string): Promise<SubprocessResult> {
  const shallow = await git(['fetch', '--quiet', '--depth', '1', '--no-tags', 'origin', '--end-of-options', ref]);
  if (shallow.exitCode === 0 || !/^[0-9a-f]{4,64}$/.test(ref)) return shallow;
  const all = await git(['fetch', '--quiet', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*']);
  if (all.exitCode !== 0) return all;
  const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (found.exitCode !== 0) return shallow;
  return git(['update-ref', 'FETCH_HEAD', found.stdout.trim()]);
}

/** The newest commit that changed something below a path, and when it was made. */
export async function newestCommit(git: Git, path: string): Promise<GitCommit> {
  const { stdout } = await git(['rev-list', '--max-count=1', '--no-commit-header', '--format=%H %cI', 'HEAD', '--', path]);
  const [commit = '', date = ''] = stdout.trim().split(' ');
  return { commit, commitDate: new Date(date).toISOString() };
}

/** Submodules that cannot be fetched are said and left empty: whether the build needs them will be seen there. */
async function fetchSubmodules(git: Git): Promise<Submodule[]> {
  const { stdout } = await git(['ls-files', '--stage', '-z']);
  const listed = stdout.split('\0').flatMap((line) => {
    const match = /^160000 ([0-9a-f]+) \d\t(.*)$/s.exec(line);
    return match ? [{ commit: match[1] ?? '', path: match[2] ?? '' }] : [];
  });
  const submodules: Submodule[] = [];
  for (const { path, commit } of listed) {
    const update = ['submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1', '--', path];
    submodules.push({ path, commit, fetched: (await git(update, submoduleProtocols)).exitCode === 0 });
  }
  return submodules;
}

async function succeed(source: GitSource, running: Promise<SubprocessResult>): Promise<void> {
  const { exitCode, stderr } = await running;
  if (exitCode === 0) return;
  const shown = withoutCredentials(source.url);
  const reason = masked(stderr, source.url).trim().split('\n').slice(-3).join('; ');
  throw failure('SOURCE_NOT_FOUND', `${shown}${source.ref === undefined ? '' : `#${source.ref}`}: ${reason || `git ended with exit code ${exitCode}`}`);
}

/** git repeats addresses in forms of its own, so each part of one that may be a secret is masked by itself. */
function masked(text: string, url: string): string {
  const withoutUsers = text.replaceAll(url, withoutCredentials(url)).replaceAll(/\/\/[^/@\s]+@/g, '//');
  if (!URL.canParse(url)) return withoutUsers;
  const { username, password, search, protocol } = new URL(url);
  const secrets = [password, search.slice(1), protocol === 'ssh:' ? '' : username];
  return secrets.filter((secret) => secret !== '').reduce((shown, secret) => shown.replaceAll(secret, '***'), withoutUsers);
}
