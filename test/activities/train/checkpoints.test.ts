import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lastCheckpoint, openCheckpoints, type CheckpointKeeper, type KeeperOptions } from '../../../activities/train/checkpoints.ts';
import type { ListedFile } from '../../../activities/train/listing.ts';
import { getTree } from '../../../activities/io/trees.ts';
import { limits, treeOf } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let scratchDirectory: string;
let store: ReturnType<typeof memoryStore>;
beforeEach(async () => {
  scratchDirectory = await mkdtemp(join(tmpdir(), 'reprise-checkpoints-'));
  store = memoryStore();
});
afterEach(() => rm(scratchDirectory, { recursive: true, force: true }));

/** The version of a file whose archive ends in the middle. */
const broken = -1;

/** A directory by the versions of its files; `whileRead` changes it in the middle of a look. */
function keeperOf(state: { files: Record<string, number>; whileRead?: () => void; snapshot?: KeeperOptions['snapshot'] }): { open(): Promise<CheckpointKeeper>; listed(): ListedFile[] } {
  const listed = (): ListedFile[] => Object.entries(state.files).map(([path, version]) => ({ path, link: undefined, sizeBytes: 1, executable: false, stamp: `1 ${version}` }));
  const container = {
    async getArchive({ path }: { path: string }) {
      const tar = pack();
      const name = path.slice('/checkpoints/'.length);
      state.whileRead?.();
      if (state.files[name] === broken) return Readable.from([Buffer.alloc(100, 1)]);
      tar.entry({ name }, String(state.files[name]));
      tar.finalize();
      return tar;
    },
  };
  const options = { run: 'r', container: container as never, directory: '/checkpoints', scratchDirectory, lease: { assertHeld: async () => undefined } as never };
  return { listed, open: () => openCheckpoints(store, { ...options, list: async () => listed(), snapshot: async (parts) => state.snapshot?.(parts) ?? { because: 'moving' } }) };
}

async function keptFiles(): Promise<string[]> {
  const last = await lastCheckpoint(store, 'r');
  return last ? (await getTree(store, last.tree)).entries.filter(({ type }) => type === 'file').map(({ path }) => path) : [];
}

it.each<[string, (files: Record<string, number>) => unknown]>([
  ['changes', (files) => (files['last.pt'] = (files['last.pt'] ?? 0) + 1)],
  ['shrinks, so that its archive breaks off,', (files) => (files['last.pt'] = broken)],
])('keeps what holds still beside what %s while it is read, and copies that at the next look', async (_what, change) => {
  const state: Parameters<typeof keeperOf>[0] = { files: { 'checkpoint-1/model': 1, 'last.pt': 1 } };
  state.whileRead = () => void change(state.files);
  const asked: (readonly string[])[] = [];
  state.snapshot = async ({ units }) => {
    asked.push(units);
    return { tree: treeOf([{ type: 'file', path: 'last.pt', executable: false, sha256: 'a'.repeat(64), sizeBytes: 1 }]) };
  };
  const { open, listed } = keeperOf(state);
  const keeper = await open();
  for (let look = 0; look < 2; look += 1) await keeper.look(listed(), 1);
  expect(await keptFiles()).toEqual(['checkpoint-1/model']);
  expect(asked).toEqual([]);
  await keeper.look(listed(), 2);
  expect(asked).toEqual([['last.pt']]);
  expect(await keptFiles()).toEqual(['checkpoint-1/model', 'last.pt']);
});

it.each([
  ['moving', 'last.pt not kept as written last: it changes while it is copied'],
  ['slow', `last.pt not kept as written last: copying it takes longer than ${limits.checkpointCopyMs / 1_000} s`],
  ['full', 'last.pt not kept as written last: the disk has no room for a copy of it'],
] as const)('says what it cannot keep because it is %s, until it holds still', async (because, words) => {
  const state = { files: { 'last.pt': 0, other: 0 }, snapshot: async () => ({ because }) };
  const { open, listed } = keeperOf(state);
  const keeper = await open();
  for (let look = 0; look < limits.checkpointRestlessLooks; look += 1) {
    expect(keeper.unkept()).toBeUndefined();
    state.files['last.pt'] += 1;
    await keeper.look(listed(), look);
  }
  expect(keeper.unkept()).toBe(words);
  expect(await keptFiles()).toEqual(['other']);
  await keeper.look(listed(), 9);
  expect(keeper.unkept()).toBeUndefined();
  expect(await keptFiles()).toEqual(['last.pt', 'other']);
});

it('says that a directory is too large to be kept', async () => {
  const keeper = await keeperOf({ files: {} }).open();
  await keeper.look('too large', 1);
  expect(keeper.unkept()).toMatch(/^no checkpoint is kept: more than \d+ files or \d+ GiB$/);
  await keeper.look([], 2);
  expect(keeper.unkept()).toBeUndefined();
});
