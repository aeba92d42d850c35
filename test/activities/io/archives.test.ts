import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { treeFromArchive } from '../../../activities/io/archives.ts';
import { treeFromDirectory, type TarOptions } from '../../../activities/io/trees.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let directory: string;
let options: TarOptions;
const store = memoryStore();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-archive-'));
  options = { maxBytes: 20_000_000, maxFiles: 100, tooLarge: 'SOURCE_TOO_LARGE', unsafe: 'SOURCE_UNSAFE_PATH', unreadable: 'SOURCE_UNREADABLE', scratchDirectory: join(directory, 'scratch') };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('an archive', () => {
  it('has the same tree however the directory was packed', async () => {
    await mkdir(join(directory, 'in/sub dir'), { recursive: true });
    await writeFile(join(directory, 'in/sub dir/ä.sh'), 'x', { mode: 0o755 });
    await writeFile(join(directory, 'in/large'), Buffer.alloc(9_000_000, 'y'));
    execFileSync('ln', ['-s', 'sub dir/ä.sh', 'in/link'], { cwd: directory });
    const expected = await treeFromDirectory(store, join(directory, 'in'), options);
    execFileSync('tar', ['cf', '../a.tar', '.'], { cwd: join(directory, 'in') });
    execFileSync('tar', ['czf', '../a.tgz', '.'], { cwd: join(directory, 'in') });
    await writeFile(join(directory, 'a.zip'), await zipOf(({ add }) => {
      add('sub dir/ä.sh', 'x', 0o100755);
      add('large', Buffer.alloc(9_000_000, 'y'), 0o100644);
      add('link', 'sub dir/ä.sh', 0o120777);
    }));
    for (const name of ['a.tar', 'a.tgz', 'a.zip']) expect(await treeFromArchive(store, join(directory, name), options)).toEqual(expected);
  });

  it.each([
    ['a path with ..', '../x', 'out of the tree'],
    ['an absolute path', '/x', 'absolute'],
  ])('as .zip with %s is refused by name', async (_, name, words) => {
    const honest = await zipOf(({ add }) => add('A'.repeat(name.length), 'x', 0o100644));
    const path = await write('bad.zip', Buffer.from(honest.toString('latin1').replaceAll('A'.repeat(name.length), name), 'latin1'));
    await expect(treeFromArchive(store, path, options)).rejects.toMatchObject({ type: 'SOURCE_UNSAFE_PATH', message: expect.stringContaining(words) });
  });

  it('as .zip with a link that leaves, or a device, is refused by name', async () => {
    const link = await write('link.zip', await zipOf(({ add }) => add('bad', '/etc/passwd', 0o120777)));
    await expect(treeFromArchive(store, link, options)).rejects.toMatchObject({ message: expect.stringContaining('"bad"') });
    const device = await write('device.zip', await zipOf(({ add }) => add('null', '', 0o020666)));
    await expect(treeFromArchive(store, device, options)).rejects.toMatchObject({ type: 'SOURCE_UNSAFE_PATH' });
  });

  it('as .zip with an encrypted entry is refused by name', async () => {
    const zip = await zipOf(({ add }) => add('secret.txt', 'x', 0o100644));
    const central = zip.indexOf('PK\x01\x02', 0, 'latin1');
    zip[central + 8] = (zip[central + 8] ?? 0) | 1;
    await expect(treeFromArchive(store, await write('locked.zip', zip), options)).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE', message: expect.stringContaining('"secret.txt" is encrypted') });
  });

  it('that unpacks to more than the limit is stopped at it', async () => {
    const zip = await write('bomb.zip', await zipOf(({ add }) => add('zeros', Buffer.alloc(30_000_000), 0o100644)));
    await expect(treeFromArchive(store, zip, options)).rejects.toMatchObject({ type: 'SOURCE_TOO_LARGE', message: expect.stringContaining('"zeros"') });
    const gzip = await write('bomb.tar.gz', gzipSync(Buffer.concat([Buffer.alloc(1_024), Buffer.alloc(60_000_000)])));
    await expect(treeFromArchive(store, gzip, { ...options, maxBytes: 1_000, maxFiles: 10 })).rejects.toMatchObject({ type: 'SOURCE_TOO_LARGE' });
  });

  it('as .zip whose entry says that it is smaller than it is, is refused', async () => {
    const zip = await zipOf(({ add }) => add('liar', Buffer.alloc(100_000), 0o100644));
    zip.writeUInt32LE(10, zip.indexOf('PK\x01\x02', 0, 'latin1') + 24);
    await expect(treeFromArchive(store, await write('liar.zip', zip), options)).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE' });
  });

  it.each([
    ['cut short as .zip', 'a.zip', (): Promise<Buffer> => zipOf(({ add }) => add('a', 'x', 0o100644)).then((zip) => zip.subarray(0, -10))],
    ['cut short as .tar.gz', 'a.tgz', async (): Promise<Buffer> => gzipSync(Buffer.alloc(10_000, 'x')).subarray(0, 40)],
    ['no archive at all', 'a.zip', async (): Promise<Buffer> => Buffer.from('hello')],
    ['empty', 'a.tar', async (): Promise<Buffer> => Buffer.alloc(0)],
  ])('that is %s is refused', async (_, name, make) => {
    await expect(treeFromArchive(store, await write(name, await make()), options)).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE' });
  });
});

interface ZipWriter {
  add(name: string, content: string | Buffer, mode: number): void;
}

async function zipOf(fill: (zip: ZipWriter) => void): Promise<Buffer> {
  const zip = new ZipFile();
  fill({ add: (name, content, mode) => zip.addBuffer(Buffer.from(content), name, { mode }) });
  zip.end();
  return buffer(zip.outputStream);
}

async function write(name: string, bytes: Buffer): Promise<string> {
  await writeFile(join(directory, name), bytes);
  return join(directory, name);
}
