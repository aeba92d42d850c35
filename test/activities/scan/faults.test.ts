import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanArchive, scanDirectory } from '../../../activities/scan/scan.ts';
import type { ScanReport } from '../../../domain/index.ts';
import { fakes } from './examples.ts';
import { tarOf, zipOf } from './packing.ts';

const options = { fingerprintKey: Buffer.alloc(32, 7) };
const text = Buffer.from(`TOKEN = "${fakes.huggingFace()}"\n`);
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

describe('what cannot be read makes the scan incomplete and names it', () => {
  it.each([
    ['a cut zip', 'a.zip', async () => (await zipOf({ 'm.py': text })).subarray(0, 60), /zip is broken/],
    ['a cut gzip', 'a.gz', async () => gzipSync(Buffer.alloc(10_000, 'ab')).subarray(0, 30), /gzip data is broken/],
    ['a gzip with a wrong checksum', 'a.gz', async () => flipped(gzipSync('some text'), -6), /gzip data is broken/],
    ['a cut tar', 'a.tar', async () => (await tarOf({ 'm.py': Buffer.alloc(5_000, 'x') })).subarray(0, 3_000), /cut off/],
    ['a broken bzip2', 'a.bz2', async () => Buffer.from('BZh91AY&SY-and-then-nothing-of-the-sort'), /bzip2 data is broken/],
    ['a broken xz', 'a.xz', async () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3, 4, 5, 6, 7, 8]), /xz data is broken/],
    ['an encrypted zip', 'a.zip', async () => encrypted(await zipOf({ 'm.py': text })), /a.zip > m.py: the entry is encrypted/],
    ['a git pack in a zip', 'a.zip', () => zipOf({ 'x.pack': Buffer.from('PACK\0\0\0\u0002', 'latin1') }), /git pack/],
    ['a bomb', 'bomb.gz', async () => gzipSync(Buffer.alloc(100 * 1024 * 1024)), /bomb/],
    ['archives nine deep', 'deep.gz', async () => Array.from({ length: 9 }).reduce<Buffer>((inner) => gzipSync(inner), text), /deeper than 8/],
  ])('%s', async (_what, name, bytes, reason) => {
    write(name, await bytes());
    const report = await scanDirectory(directory, options);
    expect(report.complete).toBe(false);
    expect(report.incompleteBecause?.join('\n')).toMatch(reason);
  });

  it('still finds what stands before the cut', async () => {
    const archive = gzipSync(Buffer.concat([text, Buffer.alloc(1_000_000, 'line\n')]));
    const report = await scanArchive(write('a.gz', archive.subarray(0, -20)), options);
    expect(report.findings).toHaveLength(1);
    expect(report.complete).toBe(false);
  });

  it('finds what stands behind a gzip', async () => {
    const report = await scanArchive(write('a.gz', Buffer.concat([gzipSync('nothing'), text])), options);
    expect(placesOf(report)).toEqual(['a.gz']);
  });

  it('a pipe is named and not opened; links are not followed, loops included', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    symlinkSync('.', join(directory, 'loop'));
    symlinkSync('/proc', join(directory, 'outside'));
    const report = await scanDirectory(directory, options);
    expect(report.incompleteBecause).toEqual(['pipe: a device, pipe or socket; not read']);
  });

  it('a sparse file of a terabyte is not read', async () => {
    truncateSync(write('sparse.bin', ''), 1024 ** 4);
    expect((await scanDirectory(directory, options)).incompleteBecause?.join()).toMatch(/sparse.bin: larger than/);
  });

  it('names with newlines and invalid UTF-8 are read like any other', async () => {
    write('a\nb.py', text);
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xfe, 0x41])]), text);
    const report = await scanDirectory(directory, options);
    expect(report.complete).toBe(true);
    expect(report.findings).toHaveLength(2);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
}

/** Sets the flag in the local and in the central header, as an encrypting tool does. */
function encrypted(zip: Buffer): Buffer {
  const copy = Buffer.from(zip);
  copy[6] = (copy[6] ?? 0) | 1;
  const central = copy.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  copy[central + 8] = (copy[central + 8] ?? 0) | 1;
  return copy;
}
