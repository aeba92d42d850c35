import type { BuildInput } from '../../domain/index.ts';
import { input, resists } from './reading.ts';

export interface PipSource {
  /** Whether packages come from an index other than the configured one. */
  otherIndex?: string;
  /** Whether packages come from files of the image alone (`--no-index`). */
  inImage?: boolean;
  /** Names that a constraints file fixes. */
  constrained?: ReadonlyMap<string, string>;
}

const commit = /^[0-9a-f]{40}$/;

/** What a pip requirement leaves open. `spec` is one requirement without its comment. */
export function pipInput(spec: string, line: number, source: PipSource, unresolved: readonly string[] = []): BuildInput {
  if (/^\S*(?:git|hg|svn|bzr)\+\S*$/.test(spec) && hasCredential(spec)) return withCredential(withoutUser(spec), line);
  if (unresolved.length > 0) return input('pip', spec, line, 'by-recording', `the value of ${unresolved.join(', ')} shows only while building`);
  const url = /^(?:[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?((?:git|hg|svn|bzr)\+\S+|(?:https?|file):\S+)/.exec(spec)?.[1];
  if (url !== undefined) return /^(git|hg|svn|bzr)\+/.test(url) ? versionControlled(spec, url, line) : archive(spec, url, line);
  if (isLocal(spec)) return input('pip', spec, line, 'by-date', 'a package of the submission; what it depends on is resolved as of the date');
  const hashed = /\s--hash[=\s]/.test(spec);
  const requirement =
    spec
      .replace(/\s--\S+.*$/, '')
      .split(';')[0]
      ?.trim() ?? '';
  const name = /^[\w.-]+/.exec(requirement)?.[0] ?? requirement;
  const exact = /(?:^|[^=!~<>])===?\s*([\w.!+-]+)\s*$/.exec(requirement);
  if (hashed || exact)
    return input('pip', spec, line, 'exact', exact?.[1]?.includes('+') === true ? 'a local version; only its own index has it' : undefined);
  if (source.inImage) return input('pip', spec, line, 'exact', 'taken from files that are in the image already');
  const fixed = source.constrained?.get(canonical(name));
  if (fixed !== undefined) return input('pip', spec, line, 'exact', `fixed to ${fixed} by a constraints file`);
  if (source.otherIndex !== undefined) return input('pip', spec, line, 'by-recording', `${source.otherIndex} need not say when a file was uploaded`);
  const reason = /[<>~!=]/.test(requirement) ? 'a range; the newest that fits is taken' : 'no version; the newest is taken';
  return input('pip', spec, line, 'by-date', reason);
}

/** PEP 503: the form in which names are compared. */
export function canonical(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

export function isLocal(spec: string): boolean {
  return /^(\.{1,2}(\/|\[|$)|\/|~\/)/.test(spec) || /\.(whl|tar\.gz|zip)$/.test(spec) || (/\//.test(spec) && !spec.includes('@') && !/\s/.test(spec));
}

function versionControlled(spec: string, url: string, line: number): BuildInput {
  if (hasCredential(url)) return withCredential(withoutUser(spec), line);
  if (/^[a-z]+\+ssh:/.test(url)) return resists('git', spec, line, 'credential', 'ssh needs a key of the operator');
  const ref = /@([^@/#:]+)(?:#.*)?$/.exec(url.replace(/^[a-z]+\+[a-z]+:\/\/[^/]*/, ''))?.[1];
  if (ref !== undefined && commit.test(ref)) return input('git', spec, line, 'exact');
  if (ref !== undefined && isPseudoCommit(ref)) return resists('git', spec, line, 'gone', `${ref.length} hexadecimal digits are no commit`);
  return input('git', spec, line, 'by-date', ref === undefined ? 'no ref; the default branch is taken' : `${ref} may move`);
}

function withCredential(spec: string, line: number): BuildInput {
  return resists('git', spec, line, 'credential', 'the address holds a credential, which is never stored');
}

/** The address without who asks. */
export function withoutUser(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

function archive(spec: string, url: string, line: number): BuildInput {
  if (/#(?:.*&)?(sha256|sha384|sha512)=/.test(url)) return input('pip', spec, line, 'exact');
  return input('pip', spec, line, 'by-recording', 'an address without a hash');
}

/** A string that was meant as a commit: hexadecimal, but not of a commit's length (40, or 64 with SHA-256). */
export function isPseudoCommit(ref: string): boolean {
  return /^[0-9a-f]{30,70}$/i.test(ref) && /[0-9]/.test(ref) && /[a-f]/i.test(ref) && ref.length !== 40 && ref.length !== 64;
}

/** User information other than a bare user name such as `git@`. */
export function hasCredential(url: string): boolean {
  return /:\/\/[^/@\s]*:[^/@\s]*@/.test(url) || /:\/\/(?!git@)[^/@\s]{20,}@/.test(url) || /:\/\/\$\{?\w+\}?@/.test(url);
}
