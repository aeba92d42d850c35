import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ApplicationFailure } from '@temporalio/common';
import { type Entry, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl';
import { mediaTypes, type Tree, type TreeEntry } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { putBlob, putBlobStream } from './blobs.ts';
import type { ObjectStore } from './store.ts';
import { createTreeCollector, type TreeCollector } from './tree-collector.ts';
import type { TarOptions } from './tree-from-tar.ts';
import { quoted } from './tree-paths.ts';

/** Kept in memory on the way to the store; larger entries go over the scratch directory. */
const wholeEntryBytes = 8 * 1024 ** 2;
/** Longest target of a symbolic link that Linux takes. */
const linkTargetBytes = 4_096;

/**
 * Keeps what a .zip holds. An entry that unpacks to more than it says is refused, so that the limits count before anything is
 * unpacked. Failures: as treeFromTar; encrypted entries and unknown compressions are `unreadable`, by name.
 */
export async function treeFromZip(store: ObjectStore, path: string, options: TarOptions): Promise<Tree> {
  const collector = createTreeCollector(options);
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true });
    try {
      await keepAll(store, zip, collector, options);
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof ApplicationFailure || options.signal?.aborted) throw error;
    const reason = (error as Error).message;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw failure('DISK_FULL', `unpacking: ${reason}`, { cause: error });
    throw failure(options.unreadable ?? options.unsafe, `the archive is broken: ${reason}`, { cause: error });
  }
  return collector.finish();
}

async function keepAll(store: ObjectStore, zip: ZipFile, collector: TreeCollector, options: TarOptions): Promise<void> {
  let done = 0;
  for await (const entry of zip.eachEntry()) {
    const name = nameOf(entry, options);
    const path = collector.claim(name, entry.uncompressedSize);
    if (path !== undefined) collector.add(await keepEntry(store, zip, entry, path, name.endsWith('/'), options));
    done += 1;
    options.report?.({ message: `reading ${name}`, done, total: zip.entryCount });
  }
}

async function keepEntry(
  store: ObjectStore,
  zip: ZipFile,
  entry: Entry,
  path: string,
  namedAsDirectory: boolean,
  options: TarOptions,
): Promise<TreeEntry> {
  const unreadable = options.unreadable ?? options.unsafe;
  if (entry.isEncrypted()) throw failure(unreadable, `${quoted(path)} is encrypted; pack the archive without a password`);
  if (!entry.canDecodeFileData()) throw failure(unreadable, `${quoted(path)} is packed by method ${entry.compressionMethod}; use deflate`);
  const { type, executable } = unixMode(entry);
  if (namedAsDirectory || type === fileTypes.directory) return { type: 'directory', path };
  if (type === fileTypes.symlink) return { type: 'symlink', path, target: await linkTarget(zip, entry, path, options) };
  if (type !== 0 && type !== fileTypes.file) throw failure(options.unsafe, `${quoted(path)} is a device, socket or pipe`);
  const { sha256, sizeBytes } = await keepContent(store, zip, entry, options);
  return { type: 'file', path, executable, sha256, sizeBytes };
}

async function keepContent(
  store: ObjectStore,
  zip: ZipFile,
  entry: Entry,
  { scratchDirectory }: TarOptions,
): Promise<{ sha256: string; sizeBytes: number }> {
  const content: Readable = await zip.openReadStreamPromise(entry);
  if (entry.uncompressedSize > wholeEntryBytes) return putBlobStream(store, content, mediaTypes.bytes, scratchDirectory);
  return putBlob(store, await buffer(content), mediaTypes.bytes);
}

async function linkTarget(zip: ZipFile, entry: Entry, path: string, options: TarOptions): Promise<string> {
  if (entry.uncompressedSize > linkTargetBytes) throw failure(options.unsafe, `${quoted(path)}: the link's target is too long`);
  return (await buffer(await zip.openReadStreamPromise(entry))).toString('utf8');
}

/** Type bits of a Unix mode (stat(2)). */
const fileTypes = { file: 0o100000, directory: 0o040000, symlink: 0o120000 };
/** Hosts in "version made by" (APPNOTE 4.4.2) whose external attributes hold a Unix mode. */
const unixHosts = new Set([3, 19]);
const dosHost = 0;

function unixMode(entry: Entry): { type: number; executable: boolean } {
  if (!unixHosts.has(entry.versionMadeBy >> 8)) return { type: 0, executable: false };
  const mode = entry.externalFileAttributes >>> 16;
  return { type: mode & 0o170000, executable: (mode & 0o111) !== 0 };
}

/** macOS and others write UTF-8 without saying so; only names that are not UTF-8 are in the format's old encoding, CP437. */
function nameOf(entry: Entry, options: TarOptions): string {
  const raw = entry.fileNameRaw;
  const saysUtf8 = (entry.generalPurposeBitFlag & 0x800) !== 0;
  if (saysUtf8 && !isUtf8(raw)) throw failure(options.unsafe, `${quoted(raw.toString('utf8'))}: the name is not valid UTF-8`);
  const name = isUtf8(raw) ? raw.toString('utf8') : getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, true);
  return entry.versionMadeBy >> 8 === dosHost ? name.replaceAll('\\', '/') : name;
}
