import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getTree, putTree, readTreeFile, tarOfTree, treeFromDirectory, treeFromTar, writeTree } from '../../../activities/io/trees.ts';
import type { Tree } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let directory: string;
let scratchDirectory: string;
let store: ReturnType<typeof memoryStore>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-tree-'));
  scratchDirectory = await mkdtemp(join(tmpdir(), 'reprise-scratch-'));
  store = memoryStore();
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
  await rm(scratchDirectory, { recursive: true, force: true });
});

function options(): Parameters<typeof treeFromTar>[2] {
  return { maxBytes: 50_000_000, maxFiles: 100, tooLarge: 'SOURCE_TOO_LARGE', unsafe: 'SOURCE_UNSAFE_PATH', unreadable: 'SOURCE_UNREADABLE', scratchDirectory };
}

async function fill(): Promise<Tree> {
  await mkdir(join(directory, 'b/empty'), { recursive: true });
  await writeFile(join(directory, 'a.txt'), 'a');
  await writeFile(join(directory, 'b/run.sh'), 'b');
  await chmod(join(directory, 'b/run.sh'), 0o755);
  await writeFile(join(directory, 'b/large'), Buffer.alloc(9_000_000, 'x'));
  await symlink('../a.txt', join(directory, 'b/link'));
  return treeFromDirectory(store, directory, options());
}

describe('a tree of a directory', () => {
  it('lists files, links and empty directories in order', async () => {
    const tree = await fill();
    expect(tree.entries.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'file a.txt',
      'directory b',
      'directory b/empty',
      'file b/large',
      'symlink b/link',
      'file b/run.sh',
    ]);
    expect(tree.entries.at(-1)).toMatchObject({ executable: true, sizeBytes: 1 });
  });

  it('comes back from the store, from a tar stream and from disk as it was', async () => {
    const tree = await fill();
    expect(await getTree(store, await putTree(store, tree))).toEqual(tree);
    expect(await treeFromTar(store, tarOfTree(store, tree), options())).toEqual(tree);
    const copy = join(scratchDirectory, 'copy');
    await writeTree(store, tree, copy);
    expect(await treeFromDirectory(store, copy, options())).toEqual(tree);
    expect(await readlink(join(copy, 'b/link'))).toBe('../a.txt');
  });

  it('gives the same tar stream every time, which tar unpacks', async () => {
    const tree = await fill();
    const [one, other] = [await buffer(tarOfTree(store, tree)), await buffer(tarOfTree(store, tree))];
    expect(one.equals(other)).toBe(true);
    await writeFile(join(scratchDirectory, 'tree.tar'), one);
    execFileSync('tar', ['xf', 'tree.tar'], { cwd: scratchDirectory });
    expect((await stat(join(scratchDirectory, 'b/run.sh'))).mode & 0o777).toBe(0o755);
    expect(await readFile(join(scratchDirectory, 'b/link'), 'utf8')).toBe('a');
  });

  it('takes extra files into the tar stream, in place of those of the same path', async () => {
    const tar = tarOfTree(store, await fill(), { prefix: 'in', extra: [{ path: 'a.txt', bytes: Buffer.from('other') }, { path: 'new', bytes: Buffer.from('n'), mode: 0o755 }] });
    const tree = await treeFromTar(store, tar, options());
    expect(Buffer.from((await readTreeFile(store, tree, 'in/a.txt')) ?? '').toString()).toBe('other');
    expect(tree.entries.find(({ path }) => path === 'in/new')).toMatchObject({ executable: true });
  });

  it('reads a file through links, and nothing that is not there', async () => {
    const tree = await fill();
    expect(Buffer.from((await readTreeFile(store, tree, 'b/link')) ?? '').toString()).toBe('a');
    expect([await readTreeFile(store, tree, 'none'), await readTreeFile(store, tree, 'b')]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a link that leaves by ..', '../../etc/passwd'],
    ['an absolute link', '/etc/passwd'],
    ['a link that leaves through another link', 'here/../../x'],
  ])('refuses %s, by name', async (_, target) => {
    await symlink('.', join(directory, 'here'));
    await mkdir(join(directory, 'sub'));
    await symlink(target, join(directory, 'bad'));
    await expect(treeFromDirectory(store, directory, options())).rejects.toMatchObject({ type: 'SOURCE_UNSAFE_PATH', message: expect.stringContaining('"bad"') });
  });

  it('keeps dangling and circular links, which lead nowhere', async () => {
    await symlink('nothing', join(directory, 'dangling'));
    await symlink('circle', join(directory, 'circle'));
    expect((await treeFromDirectory(store, directory, options())).entries).toHaveLength(2);
  });

  it('refuses pipes and names that are not UTF-8, by name', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    await expect(treeFromDirectory(store, directory, options())).rejects.toMatchObject({ message: expect.stringContaining('"pipe" is a pipe') });
    await rm(join(directory, 'pipe'));
    await writeFile(Buffer.concat([Buffer.from(`${directory}/caf`), Buffer.from([0xe9])]), '');
    await expect(treeFromDirectory(store, directory, options())).rejects.toMatchObject({ message: expect.stringContaining('not valid UTF-8') });
  });

  it('refuses too many files and too many bytes before it reads any', async () => {
    await fill();
    store.objects.clear();
    await expect(treeFromDirectory(store, directory, { ...options(), maxFiles: 3 })).rejects.toMatchObject({ type: 'SOURCE_TOO_LARGE' });
    await expect(treeFromDirectory(store, directory, { ...options(), maxBytes: 1_000 })).rejects.toMatchObject({ type: 'SOURCE_TOO_LARGE' });
    expect(store.objects.size).toBe(0);
  });

  it('says that a file keeps changing while it is read', async () => {
    await writeFile(join(directory, 'log'), 'x');
    const changing = { ...store, putIfAbsent: async (...given: Parameters<typeof store.putIfAbsent>) => {
      await writeFile(join(directory, 'log'), `${Math.random()}`);
      return store.putIfAbsent(...given);
    } };
    await expect(treeFromDirectory(changing, directory, options())).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE', message: expect.stringContaining('"log" changed') });
  });
});

describe('a tree of a tar stream', () => {
  it.each([
    ['an absolute path', [file('/etc/passwd')], 'absolute'],
    ['a path with ..', [file('a/../../b')], 'out of the tree'],
    ['a link out of the tree', [{ name: 'bad', type: 'symlink', linkname: '../x' }], '"bad"'],
    ['a file below a link', [{ name: 'in', type: 'symlink', linkname: '.' }, file('in/x')], 'through "in"'],
    ['a hard link to outside', [{ name: 'bad', type: 'link', linkname: '../../etc/passwd' }], 'out of the tree'],
    ['a hard link to nothing', [{ name: 'bad', type: 'link', linkname: 'none' }], 'hard link to "none"'],
    ['a device', [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }], 'character-device'],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }], 'fifo'],
  ] as [string, Headers[], string][])('refuses %s', async (_, headers, words) => {
    await expect(treeFromTar(store, tarOf(headers), options())).rejects.toMatchObject({ type: 'SOURCE_UNSAFE_PATH', message: expect.stringContaining(words) });
  });

  it('resolves hard links and keeps the last of two entries of one name', async () => {
    const tree = await treeFromTar(store, tarOf([file('one'), { name: 'two', type: 'link', linkname: './one' }, file('one')], ['first', '', 'second']), options());
    expect(Buffer.from((await readTreeFile(store, tree, 'one')) ?? '').toString()).toBe('second');
    expect(Buffer.from((await readTreeFile(store, tree, 'two')) ?? '').toString()).toBe('first');
  });

  it('is the tree of the directory that GNU tar packed, long names included', async () => {
    await mkdir(join(directory, 'd'.repeat(120)), { recursive: true });
    await writeFile(join(directory, 'd'.repeat(120), `${'n'.repeat(120)} ä`), 'x');
    for (const format of ['gnu', 'pax']) {
      const packed = execFileSync('tar', ['c', `--format=${format}`, '-C', directory, '.'], { maxBuffer: 1e8 });
      expect(await treeFromTar(store, Readable.from([packed]), options())).toEqual(await treeFromDirectory(store, directory, options()));
    }
  });

  it.each([
    ['that ends early', (tar: Buffer) => tar.subarray(0, 700)],
    ['that is none', () => Buffer.alloc(4_096, 'x')],
  ])('refuses one %s', async (_, damage) => {
    const tar = await buffer(tarOf([file('a')], ['x'.repeat(1_000)]));
    await expect(treeFromTar(store, Readable.from([damage(tar)]), options())).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE' });
  });

  it('refuses sparse entries, whose bytes would be other than the file', async () => {
    execFileSync('truncate', ['-s', '1M', join(directory, 'sparse')]);
    for (const format of ['gnu', 'pax']) {
      const packed = execFileSync('tar', ['c', '--sparse', `--format=${format}`, '-C', directory, '.'], { maxBuffer: 1e8 });
      await expect(treeFromTar(store, Readable.from([packed]), options())).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE', message: expect.stringContaining('--sparse') });
    }
  });
});

type Headers = Partial<Header> & { name: string };

function file(name: string): Headers {
  return { name, type: 'file' };
}

function tarOf(headers: Headers[], contents: string[] = []): Readable {
  const tar = pack();
  for (const [index, header] of headers.entries()) tar.entry({ mode: 0o644, ...header }, contents[index] ?? '');
  tar.finalize();
  return Readable.from(tar, { objectMode: false });
}
