import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scanArchive, scanDirectory, scanGit, scanImage } from '../../../../activities/scan/scan.ts';
import type { ScanReport } from '../../../../domain/index.ts';
import { example, fakes } from '../../../activities/scan/examples.ts';
import { tarOf, zipOf } from '../../../activities/scan/packing.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName } from '../../../fixtures/engine.ts';

const { docker } = engineDependencies();
const options = { fingerprintKey: Buffer.alloc(32, 1) };
const tag = `reprise-test/${runName('same')}:latest`;
const files: Record<string, Buffer> = {
  'main.py': Buffer.from(`login("${fakes.huggingFace()}")\n`),
  'train/run.sh': Buffer.from(`wandb login ${fakes.wandb()}\n`),
  'notes.txt': Buffer.from(`\ufeffkey ${fakes.github()}`, 'utf16le'),
  'cached.pyc': Buffer.concat([Buffer.from([0xe3, 0, 0, 0, 0xda, 37]), Buffer.from(fakes.huggingFace()), Buffer.from('N\0')]),
  'keys/id_rsa': Buffer.from(example('-----BEGIN RSA PRIVATE KEY-----\nMII<base64:61>\n<base64:64>\n-----END RSA PRIVATE KEY-----\n')),
};
let directory: string;
let expected: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'same-values-'));
  files['inner.zip'] = await zipOf({ 'a.env': Buffer.from(`HF_TOKEN=${fakes.huggingFace()}`) });
  writeAll(join(directory, 'tree'));
  expected = valuesIn(await scanDirectory(join(directory, 'tree'), options));
  await ensureBusybox(docker);
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await docker.getImage(tag).remove({ force: true });
});

function writeAll(target: string): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), bytes);
  }
}

function valuesIn(report: ScanReport): string[] {
  expect(report).toMatchObject({ complete: true });
  return [...new Set(report.findings.filter(({ severity }) => severity === 'block').map(({ fingerprint }) => fingerprint))].sort();
}

/** A repository in which the tree was committed, deleted and packed. */
function committedAndDeleted(name: string): string {
  const repository = join(directory, name);
  const git = (...args: string[]): void => void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: repository, stdio: 'pipe' });
  writeAll(repository);
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'one');
  git('rm', '-rq', '.');
  git('commit', '-qm', 'two');
  git('gc', '-q');
  return repository;
}

test('six different values stand in the tree', () => {
  expect(expected).toHaveLength(6);
});

test('the tree zipped in a zip has the same', async () => {
  const path = join(directory, 'outer.zip');
  writeFileSync(path, await zipOf({ 'a/inner.zip': await zipOf(files) }));
  expect(valuesIn(await scanArchive(path, options))).toEqual(expected);
});

test('the tree committed and deleted in git has the same, and so has that repository in a zip', async () => {
  const repository = committedAndDeleted('repository');
  expect(valuesIn(await scanGit(repository, options))).toEqual(expected);
  const held = readdirSync(join(repository, '.git'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const entries = held.map(({ parentPath, name }): [string, Buffer] => [join('.git', parentPath.slice(join(repository, '.git').length), name), readFileSync(join(parentPath, name))]);
  const path = join(directory, 'repository.zip');
  writeFileSync(path, await zipOf(Object.fromEntries(entries)));
  expect(valuesIn(await scanArchive(path, options))).toEqual(expected);
});

test('the tree built into a layer and deleted by the next has the same', async () => {
  const dockerfile = `FROM ${busyboxImage}\nCOPY . /app/\nRUN rm -r /app\n`;
  const context = await tarOf({ ...files, Dockerfile: Buffer.from(dockerfile) });
  const said = await text(await docker.buildImage(Readable.from([context]), { t: tag, networkmode: 'none' }));
  expect(said).not.toContain('errorDetail');
  expect(valuesIn(await scanImage(docker, tag, options))).toEqual(expected);
});
