import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fromBufferPromise, openPromise, type Entry, type ZipFile } from 'yauzl';
import { scanBytes } from './bytes.ts';
import { reasonOf, untilBroken } from './compressed.ts';
import { addAll, metered, takeEntry, within, type Content, type ScanInner } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';
import { spool, type Spooled } from './spool.ts';

const encryptedFlag = 1;

/** Scans every entry of a zip (a wheel, a jar, a saved PyTorch model) and the zip's own bytes, which hold names and comments. */
export async function scanZip(session: ScanSession, content: Content, reader: ByteReader, scanInner: ScanInner): Promise<Set<string>> {
  const spooled = await spool(reader.rest(), session.options.scratchDirectory);
  try {
    const found = await scanEntries(session, content, spooled, scanInner);
    const raw = 'bytes' in spooled ? Readable.from([spooled.bytes]) : createReadStream(spooled.path, { highWaterMark: 1024 * 1024 });
    addAll(found, await scanBytes(session, content, raw as AsyncIterable<Buffer>, () => found));
    return found;
  } finally {
    if ('path' in spooled) await rm(spooled.path, { force: true });
  }
}

async function scanEntries(session: ScanSession, content: Content, spooled: Spooled, scanInner: ScanInner): Promise<Set<string>> {
  const found = new Set<string>();
  let archive: ZipFile | undefined;
  try {
    archive = await openZip(spooled);
    const entries: Entry[] = [];
    for await (const entry of archive.eachEntry()) {
      if (!takeEntry(session, content)) break;
      entries.push(entry);
    }
    const saved = entries.some((entry) => /(?:^|\/)data\.pkl$/.test(nameOf(entry)));
    for (const entry of entries) {
      if (entry.uncompressedSize === 0 || (saved && isTensor(entry))) continue;
      addAll(found, await scanEntry(session, content, archive, entry, scanInner));
    }
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip(content.path, content.within, `the zip is broken: ${reasonOf(error)}`);
  } finally {
    archive?.close();
  }
  return found;
}

/** Names stay bytes: yauzl's own decoding refuses those that lead out of a directory, which nothing here writes to. */
function openZip(spooled: Spooled): Promise<ZipFile> {
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySize: true };
  return 'bytes' in spooled ? fromBufferPromise(spooled.bytes, options) : openPromise(spooled.path, options);
}

async function scanEntry(session: ScanSession, content: Content, archive: ZipFile, entry: Entry, scanInner: ScanInner): Promise<Set<string>> {
  const inside = within(content, nameOf(entry));
  if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) {
    session.skip(content.path, inside.within, 'the entry is encrypted');
    return new Set();
  }
  session.counts.files += 1;
  try {
    const stream = await archive.openReadStreamPromise(entry);
    const unpacked = untilBroken(stream, (error) => session.skip(content.path, inside.within, `the entry is broken: ${reasonOf(error)}`));
    try {
      return await scanInner(session, inside, metered(session, inside, unpacked, () => entry.compressedSize));
    } finally {
      stream.destroy();
    }
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip(content.path, inside.within, `the entry is broken: ${reasonOf(error)}`);
    return new Set();
  }
}

/** The storages of a saved PyTorch model stand beside its pickle, as `data/<number>`: numbers, no text. */
function isTensor(entry: Entry): boolean {
  return /(?:^|\/)data\/\d+$/.test(nameOf(entry));
}

function nameOf(entry: Entry): string {
  return Buffer.from(entry.fileName as unknown as Uint8Array).toString('utf8');
}
