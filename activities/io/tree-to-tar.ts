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
  /** 0644 unless given. */
  mode?: number;
}

/** An entry beside those of the tree, of a mode that a tree does not hold. */
export type ExtraEntry = TreeEntry & { mode: number };

type TarItem = ((TreeEntry | (ExtraFile & { type: 'extra' })) & { mode?: number });

/**
 * A tree as a tar stream, the same bytes for the same tree: sorted, no times, no owners. Every file's hash is verified on the
 * way; the stream ends with STORE_CORRUPT where one does not hold.
 */
export function tarOfTree(store: ObjectStore, tree: Tree, { prefix = '', extra = [], entries = [] }: { prefix?: string; extra?: ExtraFile[]; entries?: ExtraEntry[] } = {}): Readable {
  const tar = pack();
  const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  writeAll(store, tar, itemsOf(tree, extra, entries), base).then(
    () => tar.finalize(),
    (error: unknown) => (tar as unknown as Readable).destroy(error as Error),
  );
  return Readable.from(tar, { objectMode: false });
}

function itemsOf(tree: Tree, extra: ExtraFile[], entries: ExtraEntry[]): TarItem[] {
  const items = new Map<string, TarItem>(tree.entries.map((entry) => [entry.path, entry]));
  for (const file of extra) items.set(file.path, { type: 'extra', ...file });
  for (const entry of entries) items.set(entry.path, entry);
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
      return void tar.entry({ ...anonymous, name: `${name}/`, type: 'directory', mode: item.mode ?? 0o755 });
    case 'symlink':
      return void tar.entry({ ...anonymous, name, type: 'symlink', linkname: item.target, mode: 0o777 });
    case 'extra':
      return void tar.entry({ ...anonymous, name, mode: item.mode ?? 0o644 }, Buffer.from(item.bytes));
    case 'file': {
      const mode = item.mode ?? (item.executable ? 0o755 : 0o644);
      // Before the entry is there: one that nothing is written to would throw past everybody when the tar ends with an error.
      const body = await getBlobStream(store, item.sha256);
      await pipeline(body, tar.entry({ ...anonymous, name, mode, size: item.sizeBytes }) as unknown as Writable);
    }
  }
}

const anonymous: Partial<Header> = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };
