import type { ByteReader } from './reader.ts';

export interface TarEntry {
  name: string;
  kind: 'file' | 'directory' | 'link' | 'device' | 'other';
  /** What the header says beside the content: names, link targets, extended attributes. */
  texts: string[];
  body: AsyncGenerator<Buffer>;
}

/** Thrown where the bytes are no tar (any more); what was read before is good. */
export class TarError extends Error {}

/**
 * The entries of a tar (POSIX ustar and pax, GNU and old formats) in one pass, in constant memory. Written for reading hostile
 * layers: every step consumes bytes, so that it cannot hang, and nothing is interpreted beyond names and sizes. What an
 * entry's reader leaves is skipped. Returns whether the end mark was there.
 */
export async function* tarEntries(reader: ByteReader): AsyncGenerator<TarEntry, boolean> {
  let pending: Extension = {};
  let global: Extension = {};
  for (;;) {
    const block = (await reader.peek(512)).subarray(0, 512);
    if (block.length === 0) return false;
    if (block.length < 512) throw new TarError('it ends within a header');
    if (!block.some((byte) => byte !== 0)) return true;
    const header = parseHeader(block);
    await skip(reader, 512);
    const size = sizeOf(header, pending);
    if (header.type === 'S') await skipSparseMaps(reader, block);
    const end = reader.position() + size;
    if (header.type === 'x') pending = { ...pending, ...parsePax(await textOf(reader, size)) };
    else if (header.type === 'g') global = { ...global, ...parsePax(await textOf(reader, size)) };
    else if (header.type === 'L') pending = { ...pending, path: cut(await textOf(reader, size)) };
    else if (header.type === 'K') pending = { ...pending, linkpath: cut(await textOf(reader, size)) };
    else {
      yield entryOf(header, { ...global, ...pending }, reader.take(size));
      pending = {};
    }
    await skipTo(reader, end);
    await skip(reader, (512 - (reader.position() % 512)) % 512);
  }
}

interface Header {
  name: string;
  linkName: string;
  size: number;
  type: string;
}

type Extension = Record<string, string>;

/** The content's bytes: links, directories and devices have none, whatever their header says (as GNU tar and Go read it). */
function sizeOf(header: Header, pending: Extension): number {
  if (/[123456]/.test(header.type)) return 0;
  const stated = /[xgLK]/.test(header.type) || pending['size'] === undefined ? header.size : Number(pending['size']);
  if (!Number.isSafeInteger(stated) || stated < 0) throw new TarError('an entry has no valid size');
  return stated;
}

function parseHeader(block: Buffer): Header {
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index += 1) if (index < 148 || index >= 156) sum += block[index] ?? 0;
  if (octal(block, 148, 156) !== sum) throw new TarError('a header does not have the checksum that it states');
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 500) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 257),
    size: octal(block, 124, 136),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

function entryOf(header: Header, extension: Extension, body: AsyncGenerator<Buffer>): TarEntry {
  const name = extension['path'] ?? header.name;
  const others = Object.entries(extension).flatMap(([key, value]) => (key === 'path' ? [] : [`${key}=${value}`]));
  return { name, kind: kindOf(header, name), texts: [name, header.linkName, ...others].filter((each) => each !== ''), body };
}

function kindOf({ type }: Header, name: string): TarEntry['kind'] {
  if (type === '5' || (name.endsWith('/') && type !== '7')) return 'directory';
  if (type === '1' || type === '2') return 'link';
  if (type === '3' || type === '4' || type === '6') return 'device';
  return type === '0' || type === '\0' || type === '7' || type === 'S' ? 'file' : 'other';
}

/** `<length> <key>=<value>\n`, the length being that of the whole record in bytes. */
function parsePax(records: Buffer): Extension {
  const extension: Extension = {};
  for (let from = 0; from < records.length; ) {
    const space = records.indexOf(0x20, from);
    const length = Number.parseInt(records.toString('latin1', from, space), 10);
    if (space < 0 || !(length > space - from) || from + length > records.length) break;
    const record = records.toString('utf8', space + 1, from + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) extension[record.slice(0, equals)] = record.slice(equals + 1);
    from += length;
  }
  return extension;
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function octal(block: Buffer, from: number, to: number): number {
  if (((block[from] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(to - 8) & 0x7fff_ffff_ffff_ffffn);
  const digits = block.toString('latin1', from, to).replaceAll('\0', ' ').trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function text(block: Buffer, from: number, to: number): string {
  return cut(block.subarray(from, to));
}

function cut(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Names and attributes are short; a longer extension is no tar's that a tool wrote. */
const mostExtensionBytes = 8 * 1024 * 1024;

async function textOf(reader: ByteReader, size: number): Promise<Buffer> {
  if (size > mostExtensionBytes) throw new TarError('an extended header is larger than 8 MiB');
  const parts: Buffer[] = [];
  for await (const part of reader.take(size)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** GNU's sparse files go on in blocks of maps while the last byte of the part says so. */
async function skipSparseMaps(reader: ByteReader, header: Buffer): Promise<void> {
  for (let more = header[482] === 1; more; ) {
    more = (await reader.peek(512))[504] === 1;
    await skip(reader, 512);
  }
}

async function skipTo(reader: ByteReader, position: number): Promise<void> {
  await skip(reader, Math.max(0, position - reader.position()));
}

async function skip(reader: ByteReader, count: number): Promise<void> {
  let skipped = 0;
  for await (const part of reader.take(count)) skipped += part.length;
  if (skipped < count) throw new TarError('it ends within an entry: it may be cut off');
}
