import type { ObjectFormat } from './git.ts';

/** One entry of a tree object; names are bytes. */
export interface GitTreeEntry {
  mode: string;
  name: Buffer;
  id: string;
}

export const submoduleMode = '160000';
export const linkMode = '120000';

export function parseTree(bytes: Buffer, format: ObjectFormat): GitTreeEntry[] {
  const idBytes = format === 'sha1' ? 20 : 32;
  const entries: GitTreeEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    entries.push({ mode: bytes.toString('latin1', at, space), name: bytes.subarray(space + 1, end), id: bytes.toString('hex', end + 1, end + 1 + idBytes) });
    at = end + 1 + idBytes;
  }
  return entries;
}

/** In git's order: a directory is sorted as if its name ended in a slash. */
export function formatTree(entries: readonly GitTreeEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => Buffer.compare(sortedBy(a), sortedBy(b)));
  return Buffer.concat(sorted.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} `), name, Buffer.from([0]), Buffer.from(id, 'hex')]));
}

export function isDirectory({ mode }: GitTreeEntry): boolean {
  return Number.parseInt(mode, 8) === 0o40000;
}

function sortedBy(entry: GitTreeEntry): Buffer {
  return isDirectory(entry) ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name;
}

/** A line of a commit or tag that names another object. */
export interface GitId {
  field: string;
  id: string;
}

/** The first lines of a commit or tag name other objects; `text` is all the rest but signatures, which hold for the original only. */
export interface GitText {
  ids: GitId[];
  text: Buffer;
  isSigned: boolean;
}

const idFields = /^(?:tree|parent|object) ([0-9a-f]+)$/;
const signatureFields = /^(?:gpgsig|gpgsig-sha256|mergetag)(?: |$)/;

export function parseText(bytes: Buffer): GitText {
  const whole = bytes.toString('latin1');
  const end = whole.indexOf('\n\n');
  const head = end < 0 ? whole.replace(/\n$/, '') : whole.slice(0, end);
  const fields = head.replaceAll('\n ', '\0').split('\n');
  const ids = fields.flatMap((line) => (idFields.test(line) ? [{ field: line.split(' ')[0] ?? '', id: line.split(' ')[1] ?? '' }] : []));
  const kept = fields.filter((line) => !idFields.test(line) && !signatureFields.test(line)).map((line) => line.replaceAll('\0', '\n '));
  const message = end < 0 ? '\n' : whole.slice(end);
  // A tag's signature ends its message; a commit's message may quote one.
  const unsigned = !ids.some(({ field }) => field === 'object') ? message : message.replace(/\n-----BEGIN (?:PGP SIGNATURE|SSH SIGNATURE|SIGNED MESSAGE)-----\n[^]*$/, '\n');
  const isSigned = fields.some((line) => signatureFields.test(line)) || unsigned !== message;
  return { ids, text: Buffer.from([...kept, ''].join('\n') + unsigned.replace(/^\n/, ''), 'latin1'), isSigned };
}

export function formatText(ids: readonly GitId[], text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(ids.map(({ field, id }) => `${field} ${id}\n`).join('')), text]);
}
