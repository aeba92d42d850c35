import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Source } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/**
 * A source as people write it on the command line: a directory, an archive, or a git address with `#ref[:subdirectory]`
 * (https, ssh, git, file, `git@host:path`, or a path ending in .git). Paths become absolute.
 * Failures: SOURCE_NOT_FOUND, REQUEST_INVALID.
 */
export function parseSource(text: string): Source {
  if (isGitAddress(text)) return gitSource(text);
  const path = resolve(text);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return path.endsWith('.git') ? gitSource(text) : { kind: 'directory', path };
  if (found?.isFile()) {
    if (isArchiveName(path)) return { kind: 'archive', path };
    throw failure('REQUEST_INVALID', `source: ${text} is neither a directory nor a .zip, .tar, .tar.gz or .tgz`);
  }
  if (/\.git(#|$)/.test(text)) return gitSource(text);
  if (found) throw failure('REQUEST_INVALID', `source: ${text} is not a file or directory`);
  throw failure('SOURCE_NOT_FOUND', `there is no ${text} (looked for ${path})`);
}

function isArchiveName(path: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz)$/i.test(path);
}

function isGitAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w.-]+@[\w.-]+:/.test(text);
}

function gitSource(text: string): Source {
  const hash = text.indexOf('#');
  const address = hash < 0 ? text : text.slice(0, hash);
  const [ref, subdirectory] = hash < 0 ? [] : split(text.slice(hash + 1));
  return {
    kind: 'git',
    url: gitUrl(address),
    ...(ref ? { ref } : {}),
    ...(subdirectory ? { subdirectory: refuseLeaving(subdirectory, text) } : {}),
  };
}

function gitUrl(address: string): string {
  if (!isGitAddress(address)) {
    const path = resolve(address);
    if (!statSync(path, { throwIfNoEntry: false })) throw failure('SOURCE_NOT_FOUND', `there is no ${address} (looked for ${path})`);
    return pathToFileURL(path).toString();
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && !['https', 'http', 'ssh', 'git', 'file'].includes(scheme)) {
    throw failure('REQUEST_INVALID', `source: ${scheme}:// is not a kind of source; take https, ssh or a path`);
  }
  if (isArchiveName(address)) throw failure('REQUEST_INVALID', 'source: an archive is read from disk; download it first');
  return address;
}

/** A branch may hold slashes but no colon, so the first colon ends the ref. */
function split(fragment: string): [string, string | undefined] {
  const colon = fragment.indexOf(':');
  return colon < 0 ? [fragment, undefined] : [fragment.slice(0, colon), fragment.slice(colon + 1)];
}

function refuseLeaving(subdirectory: string, text: string): string {
  if (!subdirectory.startsWith('/') && !subdirectory.split('/').includes('..')) return subdirectory;
  throw failure('REQUEST_INVALID', `source: the subdirectory of ${text} must be a path inside the repository`);
}
