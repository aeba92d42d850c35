import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../../domain/index.ts';
import { runGit, withoutCredentials } from '../../io/git.ts';
import type { SubprocessResult } from '../../io/subprocess.ts';
import { InwardAddress } from '../../record/addresses.ts';
import { openGate } from '../../record/gate.ts';
import type { UpstreamSettings } from '../../record/upstream.ts';

export interface DatedCommit {
  status: 'found';
  commit: string;
  /** Of the committer, ISO 8601, UTC. */
  committedAt: string;
  /** A tag is one commit; of a branch, and of the default branch, it is the newest that is not later than the date. */
  by: 'default-branch' | 'branch' | 'tag' | 'commit';
  /** Whether it is not later than the date. A tag, or a branch that was begun later, may be. */
  onTime: boolean;
}

export type CommitAnswer = DatedCommit | { status: 'refused' | 'unreachable' | 'absent'; message: string };

export interface GitHistoryOptions extends UpstreamSettings {
  scratchDirectory: string;
  signal: AbortSignal;
}

/** A submission's address must not read this machine's files or run a helper program, and git's own protocol knows no way through a gate. */
const protocols = 'http:https';

/**
 * The commit that a repository had on a date: of the given branch, tag or abbreviated commit, else of the default branch. Only
 * commits are fetched, no files. Addresses of this machine are not asked, also where a redirect or a name leads there, but for those
 * `reachable`. What the server refuses or does not answer is a value.
 */
export async function commitAsOf(url: string, ref: string | undefined, date: string, options: GitHistoryOptions): Promise<CommitAnswer> {
  await mkdir(options.scratchDirectory, { recursive: true });
  const directory = await mkdtemp(join(options.scratchDirectory, 'history-'));
  const timeout = AbortSignal.timeout(limits.gitHistoryMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const gate = await openGate(directory, options, signal);
  const env = { GIT_SSL_CAINFO: gate.certificateFile, NO_PROXY: '', no_proxy: '', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.proxy', GIT_CONFIG_VALUE_0: gate.url };
  const repository = join(directory, 'repository');
  await mkdir(repository);
  const git = (...args: string[]): Promise<SubprocessResult> => runGit(args, { directory: repository, protocols, signal, env });
  try {
    if (url.startsWith('-') || ref?.startsWith('-')) return { status: 'refused', message: 'an address or ref that begins with "-"' };
    await git('init', '--quiet', '--bare', '.');
    await git('remote', 'add', 'origin', url);
    const answer = await search(git, ref, date, withoutCredentials(url));
    return answer.status !== 'found' && gate.sawInward() ? inward : answer;
  } catch (error) {
    options.signal.throwIfAborted();
    if (gate.sawInward()) return inward;
    return { status: 'unreachable', message: timeout.aborted ? `no history within ${limits.gitHistoryMs / 1_000} s` : firstLine(error instanceof Error ? error.message : String(error)) };
  } finally {
    await gate.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const inward: CommitAnswer = { status: 'unreachable', message: new InwardAddress().message };

type Git = (...args: string[]) => Promise<SubprocessResult>;

async function search(git: Git, ref: string | undefined, date: string, shownUrl: string): Promise<CommitAnswer> {
  const abbreviated = ref !== undefined && /^[0-9a-f]{6,40}$/.test(ref);
  const kind = ref === undefined ? 'default-branch' : await kindOf(git, ref);
  if (kind === undefined && !abbreviated) return { status: 'absent', message: `${shownUrl} has no branch or tag ${ref}` };
  const wanted = kind === undefined ? ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'] : [ref ?? 'HEAD'];
  const fetched = await git('fetch', '--quiet', '--no-tags', '--filter=tree:0', 'origin', '--end-of-options', ...wanted);
  if (fetched.exitCode !== 0) return refusal(fetched.stderr);
  const tip = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${kind === undefined ? ref : 'FETCH_HEAD'}^{commit}`);
  if (tip.exitCode !== 0) return { status: 'absent', message: `${shownUrl} has no commit ${ref}` };
  const byDate = kind === 'branch' || kind === 'default-branch';
  const dated = byDate ? (await git('rev-list', '--max-count=1', '--first-parent', `--before=${date}`, tip.stdout.trim())).stdout.trim() : '';
  const commit = dated === '' ? tip.stdout.trim() : dated;
  const { stdout } = await git('show', '--no-patch', '--format=%cI', commit);
  const committedAt = new Date(stdout.trim()).toISOString();
  return { status: 'found', commit, committedAt, by: kind ?? 'commit', onTime: Date.parse(committedAt) <= Date.parse(date) };
}

async function kindOf(git: Git, ref: string): Promise<'branch' | 'tag' | undefined> {
  const { stdout, exitCode, stderr } = await git('ls-remote', '--quiet', 'origin', `refs/heads/${ref}`, `refs/tags/${ref}`);
  if (exitCode !== 0) throw new Error(stderr);
  if (stdout.includes('refs/tags/')) return 'tag';
  return stdout.includes('refs/heads/') ? 'branch' : undefined;
}

function refusal(stderr: string): CommitAnswer {
  const message = firstLine(stderr);
  const refused = /could not read Username|Authentication failed|not found|access denied|does not appear to be a git repository|returned error: 40[134]/i.test(stderr);
  return { status: refused ? 'refused' : 'unreachable', message };
}

/** git's own reason, without addresses that might hold credentials. */
function firstLine(text: string): string {
  const line = text.split('\n').find((each) => /fatal|error/i.test(each)) ?? text.split('\n')[0] ?? '';
  return line.replaceAll(/\/\/[^/@\s]+@/g, '//').slice(0, 300);
}
