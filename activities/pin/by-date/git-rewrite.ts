import type { Dockerfile, Instruction } from '../dockerfile.ts';

/** A repository or model as the Dockerfile names it, and the commit that it had on the date. */
export interface CommitToWrite {
  line: number;
  /** `https://host/repo`, `git+https://host/repo@main`, or `owner/model`. */
  spec: string;
  commit: string;
}

/**
 * Puts a commit where a command names a repository, in the lines of its instruction, and says whether it could: `pip install
 * git+URL` gets `@commit`, a hub download `--revision`, and a clone is followed by a checkout of the commit. What is not
 * written in the Dockerfile itself, or spread in a way that cannot be told, stays as it is.
 */
export function writeCommit(dockerfile: Dockerfile, commit: CommitToWrite, lines: string[]): boolean {
  const instruction = dockerfile.stages.flatMap(({ instructions }) => instructions).find((each) => each.line <= commit.line && commit.line <= each.endLine);
  if (instruction?.keyword !== 'RUN' || instruction.json) return false;
  for (const index of indexesFrom(instruction, commit.line)) {
    const changed = rewriteLine(lines, index, commit, dockerfile.escape);
    if (changed === undefined) continue;
    lines[index] = changed;
    return true;
  }
  return false;
}

/** The command's own line first; its words may stand on the lines after it. */
function indexesFrom(instruction: Instruction, line: number): number[] {
  return Array.from({ length: instruction.endLine - line + 1 }, (_, offset) => line - 1 + offset);
}

function rewriteLine(lines: readonly string[], index: number, { spec, commit }: CommitToWrite, escape: string): string | undefined {
  const line = lines[index] ?? '';
  const versioned = /(git\+[a-z]+:\/\/\S+)/.exec(spec)?.[1];
  if (versioned !== undefined) return atWord(line, versioned, withCommit(versioned, commit));
  const url = /^https?:\/\//.test(spec) ? withoutRef(spec) : undefined;
  if (url !== undefined) return followedByCheckout(lines, index, url, commit, escape);
  const model = spec.split('@')[0] as string;
  const cloned = new RegExp(`https?://(?:www\\.)?(?:huggingface\\.co|hf\\.co)/${literal(model)}(?:\\.git)?/?(?=["'\\s;&|]|$)`).exec(line)?.[0];
  if (cloned !== undefined) return followedByCheckout(lines, index, cloned, commit, escape);
  return ofDownload(line, model, commit);
}

/** Into the command of a line that downloads the model, and has no revision yet. */
function ofDownload(line: string, model: string, commit: string): string | undefined {
  const parts = line.split(/(&&|\|\||[;|])/);
  const place = parts.findIndex((part) => /\b(?:huggingface-cli|hf)\s+download\b/.test(part) && !/--revision\b/.test(part) && atWord(part, model, model) !== undefined);
  if (place < 0) return undefined;
  return parts.with(place, atWord(parts[place] ?? '', model, `${model} --revision ${commit}`) ?? '').join('');
}

/** `git+https://host/repo@main#egg=x` -> `git+https://host/repo@<commit>#egg=x` */
function withCommit(url: string, commit: string): string {
  const [address = '', ...fragment] = url.split('#');
  return [`${withoutRef(address)}@${commit}`, ...fragment].join('#');
}

function withoutRef(address: string): string {
  const [, host = '', path = ''] = /^([^:]+:\/\/[^/]*)(.*)$/.exec(address) ?? [];
  return host + path.replace(/@[^@/]*$/, '');
}

function atWord(line: string, word: string, replacement: string): string | undefined {
  const pattern = new RegExp(`(^|[\\s"'=@])${literal(word)}(?=["'\\s;&|)]|$)`);
  return pattern.test(line) ? line.replace(pattern, (_all, lead: string) => lead + replacement) : undefined;
}

/** `git clone URL` -> `{ git clone URL && git -C repo checkout --quiet <commit>; }`: braces, so that it is one command wherever it stands. */
function followedByCheckout(lines: readonly string[], index: number, url: string, commit: string, escape: string): string | undefined {
  const line = lines[index] ?? '';
  const clone = new RegExp(`\\bgit\\s+clone\\b(?:(?![;&|#(){}]).)*?(["']?)${literal(url)}(?:\\.git)?/?\\1(?=[\\s;&|)]|$)`).exec(line);
  if (!clone) return undefined;
  const end = endOfCommand(lines, index, clone.index + clone[0].length, escape);
  if (end === undefined) return undefined;
  const command = line.slice(clone.index, end).trimEnd();
  if (/\s-C\s|\s--(?:bare|mirror)\b/.test(command)) return undefined;
  const directory = targetOf(command.slice(clone[0].length)) ?? repositoryName(url);
  const more = /\s--recurs(?:e-submodules|ive)\b/.test(command) ? ` && git -C ${directory} submodule --quiet update --init --recursive` : '';
  const shallow = /\s--(?:depth|shallow-since|single-branch)\b/.test(command) ? `git -C ${directory} fetch --quiet --depth 1 origin ${commit} && ` : '';
  const written = `{ ${command} && ${shallow}git -C ${directory} checkout --quiet ${commit}${more}; }`;
  const rest = line.slice(clone.index + command.length);
  return line.slice(0, clone.index) + written + rest;
}

/** Where the simple command that holds `from` ends on its line; undefined where it goes on below. */
function endOfCommand(lines: readonly string[], index: number, from: number, escape: string): number | undefined {
  const line = lines[index] ?? '';
  const ending = /&&|\|\||[;|&(){}<>]|\s#/.exec(line.slice(from));
  if (ending) return /[<>(]/.test(ending[0]) ? undefined : from + ending.index;
  const trimmed = line.trimEnd();
  if (!trimmed.endsWith(escape)) return trimmed.length;
  const next = lines.slice(index + 1).find((each) => !/^\s*(?:#|$)/.test(each)) ?? '';
  return /^\s*(?:&&|\|\||[;|])/.test(next) ? trimmed.length - 1 : undefined;
}

/** The directory that the command names after the address, as it stands there. */
function targetOf(after: string): string | undefined {
  const words = after.trim().split(/\s+/).filter(Boolean);
  return words.find((word) => !word.startsWith('-'));
}

function repositoryName(url: string): string {
  return (url.replace(/\/+$/, '').split('/').at(-1) ?? '').replace(/\.git$/, '');
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
