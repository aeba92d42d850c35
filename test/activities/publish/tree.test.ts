import { existsSync, readFileSync, readlinkSync, readdirSync, statSync, symlinkSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createSession } from '../../../activities/scan/session.ts';
import { fakes } from '../scan/examples.ts';
import { zipOf } from '../scan/packing.ts';
import { fingerprintKey, useWorkplace } from './source.ts';

const token = fakes.huggingFace();
const key = fakes.wandb();
const markerOf = (value: string): string => `redacted-${createSession({ fingerprintKey }).fingerprintOf(value).slice(0, 16)}`;
const place = useWorkplace();
const published = (path: string): string => readFileSync(join(place.target, 'tree', path), 'utf8');

test('a secret is replaced by the same marker wherever it stands, listed without its value, and the copy is clean', async () => {
  place.write('a/main.py', `login("${token}")\nx = 1\nlogin("${token}")\n`);
  place.write('clone.sh', `git clone https://user:${token}@huggingface.co/a/b`);
  place.write('b.txt', 'as it was');
  const publication = await place.publishTree();
  expect(publication).toMatchObject({ published: true, blocked: [], tree: { files: 3 } });
  expect(published('a/main.py')).toBe(`login("${markerOf(token)}")\nx = 1\nlogin("${markerOf(token)}")\n`);
  expect(published('clone.sh')).toBe(`git clone https://user:${markerOf(token)}@huggingface.co/a/b`);
  expect(published('b.txt')).toBe('as it was');
  expect(publication.replaced.map(({ path, what, line, offset }) => ({ path, what, line, offset }))).toEqual([
    { path: 'tree/a/main.py', what: 'content', line: 1, offset: 7 },
    { path: 'tree/a/main.py', what: 'content', line: 3, offset: 60 },
    { path: 'tree/clone.sh', what: 'content', line: 1, offset: 23 },
  ]);
  expect(readFileSync(join(place.target, 'publication.json'), 'utf8')).not.toContain(token);
  expect(await place.scanCopy()).toMatchObject({ complete: true, findings: [] });
});

test('a key that a rule tells by its name is replaced where it stands alone, encoded or split too', async () => {
  place.write('train.py', `wandb.login(key="${key}")`);
  place.write('notes.txt', `do not lose ${key}`);
  place.write('config.txt', `blob: ${Buffer.from(`user:${key}`).toString('base64')}`);
  place.write('run.ipynb', JSON.stringify({ cells: [{ cell_type: 'code', source: ['wandb.login(\n', `key="${key}")\n`] }], nbformat: 4 }));
  const publication = await place.publishTree();
  expect(publication).toMatchObject({ published: true });
  for (const path of ['train.py', 'notes.txt', 'config.txt', 'run.ipynb']) {
    expect(published(path)).toContain(markerOf(key));
    expect(published(path)).not.toContain(key);
  }
  expect(() => JSON.parse(published('run.ipynb'))).not.toThrow();
});

test('names, links and modes are kept but for the secret in them', async () => {
  place.write(`runs/${token}/model.sh`, 'echo 1');
  chmodSync(join(place.source, `runs/${token}/model.sh`), 0o755);
  symlinkSync(`runs/${token}`, join(place.source, 'latest'));
  expect(await place.publishTree()).toMatchObject({ published: true });
  expect(readdirSync(join(place.target, 'tree', 'runs'))).toEqual([markerOf(token)]);
  expect(readlinkSync(join(place.target, 'tree', 'latest'))).toBe(`runs/${markerOf(token)}`);
  expect(statSync(join(place.target, 'tree', 'latest', 'model.sh')).mode & 0o111).not.toBe(0);
});

test.each(['publishTree', 'publishHistory'] as const)('what %s writes may be read by whomever the umask lets', async (publish) => {
  place.git('init', '-q');
  place.write('a/main.py', 'x = 1');
  place.commit('first');
  expect(await place[publish]()).toMatchObject({ published: true });
  const others = 0o444 & ~process.umask();
  const paths = [place.target, ...readdirSync(place.target, { recursive: true, encoding: 'utf8' }).map((path) => join(place.target, path))];
  const modes = paths.map((path) => ({ path, stats: statSync(path) }));
  expect(modes.filter(({ stats }) => (stats.mode & others) !== others || (stats.isDirectory() && (stats.mode & (others >> 2)) !== others >> 2)).map(({ path }) => path)).toEqual([]);
  expect(statSync(place.target).mode & 0o777).toBe(0o777 & ~process.umask());
});

test.each([
  ['a binary file', 'model.bin', async () => Buffer.concat([Buffer.alloc(64), Buffer.from(token)]), /binary file/],
  ['tensors', 'model.safetensors', async () => safetensors({ __metadata__: { token } }), /binary file/],
  ['an archive', 'a.gz', async () => gzipSync(token), /in an archive/],
  ['a key in an archive that no rule tells there', 'a.zip', () => zipOf({ 'notes.txt': Buffer.from(`keep ${key}`) }), /in an archive \(notes.txt\)/],
  ['a broken archive', 'a.gz', async () => gzipSync(token).subarray(0, 20), /gzip data is broken/],
])('%s with a secret blocks publication, is not patched, and nothing is written', async (_what, path, bytes, reason) => {
  place.write(path, await bytes());
  place.write('train.py', `wandb.login(key="${key}")`);
  const publication = await place.publishTree();
  expect(publication.published).toBe(false);
  expect(publication.blocked.map((each) => each.reason).join()).toMatch(reason);
  expect(existsSync(place.target)).toBe(false);
  expect(readdirSync(join(place.target, '..'))).toEqual(['source']);
});

test('a pointer of Git LFS is published, and said to stand for something that was not read', async () => {
  place.write('model.bin', `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`);
  expect(await place.publishTree()).toMatchObject({ published: true, leftOut: [expect.stringMatching(/^1 pointers of Git LFS/)] });
});

test('a directory that holds something is not written to', async () => {
  place.write('a.txt', 'x');
  await place.publishTree();
  await expect(place.publishTree()).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining('is not empty') });
});

function safetensors(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}
