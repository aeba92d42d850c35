import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Transform, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from './store.ts';
import type { TreeOptions } from './tree-collector.ts';
import { type TarOptions, treeFromTar } from './tree-from-tar.ts';
import { quoted } from './tree-paths.ts';
import { treeFromZip } from './zip.ts';

/**
 * Keeps what an archive holds: .zip, .tar or .tar.gz, told apart by content, not by name. Nothing is unpacked to disk, and an
 * archive that unpacks to more than the limits is stopped at the limit. Failures: as treeFromTar.
 */
export async function treeFromArchive(store: ObjectStore, path: string, options: TarOptions): Promise<Tree> {
  const kind = await archiveKind(path);
  if (kind === undefined) {
    throw failure(options.unreadable ?? options.unsafe, `${quoted(path)} is not a .zip, .tar or .tar.gz archive`);
  }
  if (kind === 'zip') return treeFromZip(store, path, options);
  return treeFromTar(store, kind === 'gzip' ? unpacked(path, options) : createReadStream(path), options);
}

type ArchiveKind = 'zip' | 'gzip' | 'tar';

async function archiveKind(path: string): Promise<ArchiveKind | undefined> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    if (buffer.subarray(0, 2).toString('latin1') === 'PK') return 'zip';
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'gzip';
    return bytesRead === 512 && buffer.toString('latin1', 257, 262) === 'ustar' ? 'tar' : undefined;
  } finally {
    await handle.close();
  }
}

function unpacked(path: string, options: TreeOptions): Readable {
  const bounded = boundedTar(options);
  // Errors reach the reader through the last stream, which pipeline destroys with them.
  pipeline(createReadStream(path), createGunzip(), bounded, () => undefined);
  return bounded;
}

/** Padding, headers and what follows the end of the archive are not counted as entries, but still cost time to unpack. */
function boundedTar({ maxBytes, maxFiles, tooLarge }: TreeOptions): Transform {
  const headerBytesPerEntry = 4_096;
  const most = maxBytes + maxFiles * headerBytesPerEntry;
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > most) done(failure(tooLarge, `the archive unpacks to more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
