import type { BuildInput } from '../../../domain/index.ts';
import { hasCredential, withoutUser } from '../pip-specs.ts';
import { input, resists, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';
import { hubFileOf, hubInput } from './hub.ts';
import { commandLine } from './system.ts';

const downloaders = new Set(['curl', 'wget', 'wget2', 'aria2c', 'axel', 'http', 'https', 'lwp-download']);
const shells = new Set(['sh', 'bash', 'zsh', 'dash', 'python', 'python3', 'perl', 'node']);

/** curl, wget and their relatives: by recording, since an address says nothing about time. */
export function readDownload(command: ShellCommand, reading: Reading): BuildInput[] | undefined {
  if (command.name === 'gdown')
    return [input('url', commandLine(command), command.line, 'by-recording', 'a shared drive; its owner may change or remove the file')];
  if (command.name === 'gpg' && command.words.some(({ value }) => /^--(?:recv-keys?|receive-keys|fetch-keys|auto-key-retrieve)$/.test(value)))
    return [input('url', commandLine(command), command.line, 'by-recording', 'a key is fetched')];
  if (!downloaders.has(command.name)) return undefined;
  const addresses = command.words.filter(
    (word) =>
      /^['"]?(https?|ftp):\/\//.test(word.value) ||
      /^[\w-]+(\.[\w-]+)+\/\S*$/.test(word.value) ||
      (word.unresolved.length > 0 && word.value.startsWith('$')),
  );
  const secret = command.words.some((word) => /^(Authorization|Private-Token|X-[\w-]*Key)\s*:/i.test(word.value) || /^-u$|^--(?:(?:http-|ftp-)?user|(?:http-|ftp-)?password)(?:=|$)/.test(word.value));
  return addresses
    .filter((word) => !isLocalAddress(word.value))
    .map((word) => {
      if (secret || hasCredential(word.value))
        return resists('url', withoutUser(word.value), command.line, 'credential', 'the request carries a credential, which is never stored');
      if (command.pipedInto !== undefined && shells.has(command.pipedInto)) {
        return input('script', word.value, command.line, 'by-recording', `piped into ${command.pipedInto}: what it fetches shows in a recording`);
      }
      return addressInput(word.value, command.line, checksummed(command, reading));
    });
}

/** Parts of addresses that say by themselves that something else will lie there: newest releases, nightlies, branches. */
const moving = /[/_.-](?:latest|nightly)(?:[/_.-]|$)|^https:\/\/raw\.githubusercontent\.com\/[^/]+\/[^/]+\/(?:refs\/heads\/[^/]+|main|master|HEAD|develop)\/|\/archive\/(?:refs\/heads\/|(?:main|master)\.)/i;

/** An address without credentials, as ADD and the downloaders take it. */
export function addressInput(url: string, line: number, verified: boolean): BuildInput {
  const file = hubFileOf(url);
  if (file) return hubInput(file.model, file.revision, line);
  if (verified) return input('url', url, line, 'exact', 'a checksum is verified');
  if (/^https:\/\/raw\.githubusercontent\.com\/[^/]+\/[^/]+\/[0-9a-f]{40}\//.test(url))
    return input('url', url, line, 'exact', 'the address names a commit');
  if (moving.test(url)) return resists('url', url, line, 'mutable-url', 'the address names what is newest: a recording keeps what it gives now, not what it gave on the date');
  return input('url', url, line, 'by-recording', 'what the address gives may change');
}

function checksummed(command: ShellCommand, reading: Reading): boolean {
  return reading.siblings.some(
    (each) =>
      /^(sha\d+sum|shasum|md5sum|b2sum|cksum|gpg|gpgv)$/.test(each.name) &&
      each.words.some((word) => /^(-c|--check|--verify|-[a-z]*c)$/.test(word.value)) &&
      each.line >= command.line,
  );
}

function isLocalAddress(url: string): boolean {
  return /^https?:\/\/(localhost|127\.|0\.0\.0\.0|\[::1\])/.test(url);
}
