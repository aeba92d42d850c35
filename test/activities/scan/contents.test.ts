import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanArchive, scanDirectory, scanGit } from '../../../activities/scan/scan.ts';
import type { ScanReport } from '../../../domain/index.ts';
import { fakes } from './examples.ts';
import { tarOf, zipOf } from './packing.ts';

const options = { fingerprintKey: Buffer.alloc(32, 7) };
const token = fakes.huggingFace();
const text = Buffer.from(`TOKEN = "${token}"\n`);
const attestation = `blobs/sha256/${'b'.repeat(64)}`;
let directory: string;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'scan-test-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(path: string, bytes: Uint8Array | string): string {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

function placesOf(report: ScanReport): string[] {
  return report.findings.map(({ path, within = [] }) => [path, ...within].join(' > '));
}

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args], { cwd: directory, stdio: 'pipe' });
}

describe('what is read', () => {
  it.each([
    ['plain text', 'main.py', async () => text, 'main.py'],
    ['UTF-16', 'notes.txt', async () => Buffer.from(`\ufeff${text.toString()}`, 'utf16le'), 'notes.txt'],
    ['a gzip', 'log.gz', async () => gzipSync(text), 'log.gz > log'],
    ['a zstd', 'log.zst', async () => zstdCompressSync(text), 'log.zst > log'],
    ['a zip', 'a.zip', () => zipOf({ 'src/main.py': text }), 'a.zip > src/main.py'],
    ['a wheel in a tar in a gzip', 'a.tgz', async () => gzipSync(await tarOf({ 'w.whl': await zipOf({ 'm.py': text }) })), 'a.tgz > a > w.whl > m.py'],
    ['a loose git object in a zip', 'a.zip', () => zipOf({ [`.git/objects/ab/${'c'.repeat(38)}`]: deflateSync(text) }), `a.zip > .git/objects/ab/${'c'.repeat(38)} > ${'c'.repeat(38)}`],
    ['a zip whose name says text', 'readme.txt', () => zipOf({ 'm.py': text }), 'readme.txt > m.py'],
    ['bytes behind a tar', 'a.tar', async () => Buffer.concat([await tarOf({ 'm.py': Buffer.from('x') }), text]), 'a.tar'],
    ['a vim swap', '.main.py.swp', async () => Buffer.concat([Buffer.from('b0VIM 8.2'), Buffer.alloc(4_000), text]), '.main.py.swp'],
    ['a safetensors header', 'model.safetensors', async () => safetensors({ __metadata__: { token } }), 'model.safetensors'],
    ['a build argument in an attestation of an OCI archive', 'image.tar', () => tarOf({ [attestation]: Buffer.from(JSON.stringify({ predicate: { invocation: { parameters: { args: { 'build-arg:T': token } } } } })) }), `image.tar > ${attestation}`],
    ['a signed attestation', 'image.tar', () => tarOf({ [attestation]: Buffer.from(JSON.stringify({ payload: Buffer.from(`{"build-arg:T":"${token}"}`).toString('base64') })) }), `image.tar > ${attestation} > decoded`],
    ['what BuildKit writes into a configuration', 'image.tar', () => tarOf({ [`${'c'.repeat(64)}.json`]: Buffer.from(JSON.stringify({ 'moby.buildkit.buildinfo.v1': Buffer.from(`{"attrs":{"build-arg:T":"${token}"}}`).toString('base64') })) }), `image.tar > ${'c'.repeat(64)}.json > decoded`],
    ['the name of a file', `${token}.txt`, async () => Buffer.from('x'), 'names of files'],
  ])('%s', async (_what, name, bytes, place) => {
    write(name, await bytes());
    const report = await scanDirectory(directory, options);
    expect(report.complete).toBe(true);
    expect(placesOf(report)).toContain(place);
    expect(JSON.stringify(report)).not.toContain(token);
  });

  it('notebooks with the assignment escaped and split over lines', async () => {
    const key = fakes.wandb();
    const cells = [{ cell_type: 'code', source: ['import wandb\n', 'wandb.login(\n', `key="${key}")\n`], outputs: [{ text: [token] }] }];
    write('a.ipynb', JSON.stringify({ cells, nbformat: 4 }));
    const report = await scanDirectory(directory, options);
    expect(report.findings.map(({ rule }) => rule).sort()).toEqual(['hugging-face-token', 'wandb-api-key']);
  });

  it('a token across every cut of a large file, once, at its line', async () => {
    const filler = Buffer.alloc(3 * 1024 * 1024, 'x'.repeat(79).concat('\n'));
    for (const at of [1024 * 1024 - 20, 1024 * 1024 + 32 * 1024 - 10, 2 * 1024 * 1024 + 7]) {
      const bytes = Buffer.concat([filler.subarray(0, at), Buffer.from(`\n${token}\n`), filler.subarray(at)]);
      const { findings } = await scanArchive(write('large.txt', bytes), options);
      const before = bytes.subarray(0, at + 1).toString('latin1').split('\n').length;
      expect(findings.map(({ offset, line }) => ({ offset, line }))).toEqual([{ offset: at + 1, line: before }]);
    }
  });

  it('the same token has the same fingerprint everywhere, and another key another', async () => {
    write('a.py', text);
    write('b/c.py', text);
    const first = await scanDirectory(directory, options);
    const other = await scanDirectory(directory, { fingerprintKey: Buffer.alloc(32, 8) });
    expect(new Set(first.findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(other.findings[0]?.fingerprint).not.toBe(first.findings[0]?.fingerprint);
  });
});

describe('git', () => {
  beforeEach(() => {
    git('init', '-q');
    write('main.py', text);
    git('add', '.');
    git('commit', '-qm', 'one');
    rmSync(join(directory, 'main.py'));
    git('commit', '-qam', 'two');
  });

  it('finds what a later commit deletes, loose and packed', async () => {
    for (const args of [['status'], ['gc', '-q']]) {
      git(...args);
      const report = await scanDirectory(directory, options);
      expect(report.complete).toBe(true);
      expect(report.findings.map(({ path, rule }) => `${path} ${rule}`)).toEqual(['.git hugging-face-token']);
    }
  });

  it('finds it in a pack that lies in an archive of an archive, and in a bundle', async () => {
    git('gc', '-q');
    git('bundle', 'create', '-q', 'a.bundle', '--all');
    const packs = readdirSync(join(directory, '.git/objects/pack')).filter((name) => name.endsWith('.pack'));
    const pack = readFileSync(join(directory, '.git/objects/pack', packs[0] ?? ''));
    const bundle = readFileSync(join(directory, 'a.bundle'));
    const zip = await zipOf({ '.git/objects/pack/p.pack': pack });
    for (const [name, bytes] of [['a.zip', zip], ['b.tar', await tarOf({ 'a.zip': zip })], ['c.bundle', bundle]] as const) {
      const report = await scanArchive(write(`out/${name}`, bytes), options);
      expect(report.complete).toBe(true);
      expect(placesOf(report)).toEqual([expect.stringMatching(/blob [0-9a-f]{40}$/)]);
    }
  });

  it('finds what no branch reaches any more', async () => {
    git('checkout', '-q', '--orphan', 'new');
    git('commit', '-q', '--allow-empty', '-m', 'empty');
    git('branch', '-D', 'main');
    git('reflog', 'expire', '--expire=now', '--all');
    expect((await scanGit(directory, options)).findings).toHaveLength(1);
  });

  it('finds a token in a message and in the address of a remote', async () => {
    const [message, remote] = [fakes.huggingFace(), fakes.huggingFace()];
    git('commit', '-q', '--allow-empty', '-m', `with ${message}`);
    git('remote', 'add', 'origin', `https://user:${remote}@huggingface.co/a/b`);
    const places = placesOf(await scanGit(directory, options));
    expect(places.some((place) => place.includes('commit '))).toBe(true);
    expect(places).toContain('config');
  });

  it('says that a missing object may hold anything', async () => {
    const object = execFileSync('git', ['rev-parse', 'HEAD~1:main.py'], { cwd: directory, encoding: 'utf8' }).trim();
    rmSync(join(directory, '.git/objects', object.slice(0, 2), object.slice(2)));
    const report = await scanGit(directory, options);
    expect(report.complete).toBe(false);
    expect(report.incompleteBecause?.join()).toMatch(/missing|damaged/);
  });

  it('says that a damaged object was not read', async () => {
    const object = execFileSync('git', ['rev-parse', 'HEAD~1:main.py'], { cwd: directory, encoding: 'utf8' }).trim();
    const file = join(directory, '.git/objects', object.slice(0, 2), object.slice(2));
    chmodSync(file, 0o644);
    truncateSync(file, 5);
    expect((await scanGit(directory, options)).complete).toBe(false);
  });
});

function safetensors(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}
