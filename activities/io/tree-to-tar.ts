import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, pack, type Pack } from 'tar-stream';
import type { Tree, TreeEntry } from '../../domain/index.ts';
import { getBlobStream } from './blobs.ts';
import type { ObjectStore } from './store.ts';

/** A file that is not in the tree, or takes the place of one that is. */
export interface ExtraFile {
  path: string;
  bytes: Uint8Array;
  executable?: boolean;
}

/** As ExtraFile, of a size that is not held in memory. */
export interface ExtraBlob {
  path: string;
  sha256: string;
  sizeBytes: number;
  mode: number;
}

type TarItem = TreeEntry | (ExtraFile & { type: 'extra' }) | (ExtraBlob & { type: 'blob' });

/**
 * A tree as a tar stream, the same bytes for the same tree: sorted, no times, no owners. Every file's hash is verified on the
 * way; the stream ends with STORE_CORRUPT where one does not hold.
 */
export function tarOfTree(store: ObjectStore, tree: Tree, { prefix = '', extra = [], blobs = [] }: { prefix?: string; extra?: ExtraFile[]; blobs?: ExtraBlob[] } = {}): Readable {
  const tar = pack();
  const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  writeAll(store, tar, itemsOf(tree, extra, blobs), base).then(
    () => tar.finalize(),
    (error: unknown) => (tar as unknown as Readable).destroy(error as Error),
  );
  return Readable.from(tar, { objectMode: false });
}

function itemsOf(tree: Tree, extra: ExtraFile[], blobs: ExtraBlob[]): TarItem[] {
  const items = new Map<string, TarItem>(tree.entries.map((entry) => [entry.path, entry]));
  for (const file of extra) items.set(file.path, { type: 'extra', ...file });
  for (const blob of blobs) items.set(blob.path, { type: 'blob', ...blob });
  return [...items.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function writeAll(store: ObjectStore, tar: Pack, items: TarItem[], base: string): Promise<void> {
  for (const item of items) {
    if ((tar as unknown as Readable).destroyed) return;
    await writeItem(store, tar, item, base + item.path);
  }
}

async function writeItem(store: ObjectStore, tar: Pack, item: TarItem, name: string): Promise<void> {
  switch (item.type) {
    case 'directory':
      return void tar.entry({ ...anonymous, name: `${name}/`, type: 'directory', mode: 0o755 });
    case 'symlink':
      return void tar.entry({ ...anonymous, name, type: 'symlink', linkname: item.target, mode: 0o777 });
    case 'extra':
      return void tar.entry({ ...anonymous, name, mode: fileMode(item.executable) }, Buffer.from(item.bytes));
    case 'blob':
    case 'file': {
      const mode = item.type === 'blob' ? item.mode : fileMode(item.executable);
      // Before the entry is there: one that nothing is written to would throw past everybody when the tar ends with an error.
      const body = await getBlobStream(store, item.sha256);
      await pipeline(body, tar.entry({ ...anonymous, name, mode, size: item.sizeBytes }) as unknown as Writable);
    }
  }
}

const anonymous: Partial<Header> = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

function fileMode(executable: boolean | undefined): number {
  return executable ? 0o755 : 0o644;
}
