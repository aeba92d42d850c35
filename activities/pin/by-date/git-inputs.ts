import type { BuildInput, PinnedCommit } from '../../../domain/index.ts';
import type { ImagePlan } from '../plan.ts';
import { commitAsOf, type CommitAnswer, type DatedCommit, type GitHistoryOptions } from './git-history.ts';
import { writeCommit } from './git-rewrite.ts';

export interface DatedCommits {
  commits: PinnedCommit[];
  /** The inputs again, with what became of those that depend on a repository's date. */
  inputs: BuildInput[];
  /** The Dockerfile's lines with the commits in them. */
  lines: string[];
}

/** Asks each repository once in a run, and a server that does not answer not again. */
export type CommitFinder = (url: string, ref: string | undefined) => Promise<CommitAnswer>;

export function createCommitFinder(date: string, options: GitHistoryOptions): CommitFinder {
  const asked = new Map<string, CommitAnswer>();
  const silent = new Map<string, CommitAnswer>();
  return async (url, ref) => {
    const [key, host] = [`${url}@${ref ?? ''}`, new URL(url).host];
    const answer = asked.get(key) ?? silent.get(host) ?? (await commitAsOf(url, ref, date, options));
    asked.set(key, answer);
    if (answer.status === 'unreachable') silent.set(host, answer);
    return answer;
  };
}

/**
 * Finds, for each repository and model that the build takes by date, the commit of the date, and writes it into the
 * Dockerfile where that names it. What no server tells stays to a recording, and says so.
 */
export async function dateCommits({ dockerfile, inputs }: ImagePlan, find: CommitFinder): Promise<DatedCommits> {
  const dated: DatedCommits = { commits: [], inputs: [], lines: [...dockerfile.lines] };
  for (const input of inputs) {
    const source = sourceOf(input);
    if (!source) dated.inputs.push(withoutSource(input));
    else dated.inputs.push(await dateInput(input, source, find, dated, (commit) => writeCommit(dockerfile, { line: input.line, spec: input.spec, commit }, dated.lines)));
  }
  return dated;
}

/** A repository that is not to be asked for its history: only a recording determines it. */
function withoutSource(input: BuildInput): BuildInput {
  if (input.verdict !== 'by-date' || (input.kind !== 'git' && input.kind !== 'hub')) return input;
  return { ...input, verdict: 'by-recording', reason: [input.reason, 'its history was not asked'].filter(Boolean).join('; ') };
}

async function dateInput(input: BuildInput, { url, ref }: RepositorySource, find: CommitFinder, dated: DatedCommits, write: (commit: string) => boolean): Promise<BuildInput> {
  const answer = await find(url, ref);
  if (answer.status !== 'found') return { ...input, ...withoutCommit(input, answer) };
  const { commit, committedAt, onTime } = answer;
  const told = `${commit.slice(0, 12)} of ${committedAt.slice(0, 10)}`;
  if (!write(commit)) return { ...input, verdict: 'by-recording', reason: `it was at ${told} on the date, but the place that names it is not ours to change` };
  const fidelity = onTime ? 'faithful' : 'near';
  const reason = onTime ? `at ${told}, the newest that is not later than the date` : `at ${told}, later than the date: there is no earlier one`;
  dated.commits.push({ line: input.line, spec: input.spec, commit, committedAt, fidelity, reason });
  return { ...input, verdict: 'exact', reason: `${fidelity}: ${reason}` };
}

function withoutCommit({ kind }: BuildInput, { status, message }: Exclude<CommitAnswer, DatedCommit>): Pick<BuildInput, 'verdict' | 'reason'> {
  if (status === 'unreachable') return { verdict: 'by-recording', reason: `the server did not tell its history (${message})` };
  if (status === 'absent') return { verdict: 'resists', reason: `gone: ${message}` };
  return { verdict: 'resists', reason: `${kind === 'hub' ? 'gated' : 'gone'}: the server asks for a login, or has no such repository (${message})` };
}

interface RepositorySource {
  url: string;
  ref: string | undefined;
}

/** The public hub's repositories are git repositories. */
const hubAddress = 'https://huggingface.co';

/** The repository of an input that a date decides; undefined for all others. */
function sourceOf({ kind, verdict, spec }: BuildInput): RepositorySource | undefined {
  if (verdict !== 'by-date') return undefined;
  if (kind === 'hub') {
    const [model = '', ref] = spec.split('@');
    // Models of the hub's first years have no owner in their name.
    return /^(?:(?:datasets|spaces)\/)?[\w.-]+(?:\/[\w.-]+)?$/.test(model) ? { url: `${hubAddress}/${model}`, ref } : undefined;
  }
  if (kind !== 'git') return undefined;
  const address = /(?:git\+)?((?:https?|git):\/\/[^\s#;]+)/.exec(spec)?.[1];
  if (address === undefined) return undefined;
  const [, host = '', path = ''] = /^([^:]+:\/\/[^/]*)(.*)$/.exec(address) ?? [];
  const at = path.lastIndexOf('@');
  return at < 0 ? { url: host + path, ref: undefined } : { url: host + path.slice(0, at), ref: path.slice(at + 1) };
}
