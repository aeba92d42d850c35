import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putBlob } from '../../../../activities/io/blobs.ts';
import { createS3Store, ensureBucket } from '../../../../activities/io/s3.ts';
import type { ObjectStore } from '../../../../activities/io/store.ts';
import { putTree } from '../../../../activities/io/trees.ts';
import { blobKey, limits, mediaTypes, treeOf, type ScanReport, type StageOutcome, type TreeEntry } from '../../../../domain/index.ts';
import type { ScanResult } from '../../../../workflows/contract.ts';
import { attemptScan, type ScanBench } from '../../../fixtures/scan-bench.ts';
import { fakes } from '../../../activities/scan/examples.ts';
import { startGateway, type RunningGateway } from '../io/versitygw.ts';
import { disturbStore, type DisturbedStore } from './disturbed-store.ts';

const tokens = Array.from({ length: 12 }, () => fakes.huggingFace());
let directory: string;
let gateway: RunningGateway;
let store: ObjectStore;
let disturbed: DisturbedStore;
let bench: ScanBench;
/** The last of the files, which is asked for when others have been read. */
let last: string;

beforeAll(async () => {
  gateway = await startGateway();
  disturbed = await disturbStore(gateway.options.endpoint);
});
afterAll(async () => {
  disturbed.close();
  await gateway.stop();
});

/** Each test with a bucket of its own: what is there was put there by it. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'scan-disturbed-'));
  writeFileSync(join(directory, 'fingerprint.key'), 'ab'.repeat(32));
  const s3 = { ...gateway.options, bucket: `scan-${basename(directory).toLowerCase().replaceAll(/[^a-z0-9]/g, '')}` };
  await ensureBucket(s3);
  store = createS3Store(s3);
  bench = { s3: { ...s3, endpoint: disturbed.endpoint }, fingerprintKeyFile: join(directory, 'fingerprint.key'), scratchDirectory: join(directory, 'scratch'), output: await storedOutput() };
});
afterEach(() => {
  disturbed.mend();
  rmSync(directory, { recursive: true, force: true });
});

/** One file so large that its report is kept, and more others than are read at once. */
async function storedOutput(): Promise<string> {
  const entries: TreeEntry[] = [];
  for (const [index, token] of tokens.entries()) {
    const filling = index === 0 ? Buffer.alloc(limits.scanKeptBytes, 'text and no more\n') : Buffer.from('nothing here\n'.repeat(1_000));
    const { sha256, sizeBytes } = await putBlob(store, Buffer.concat([filling, Buffer.from(`\n${token}\n`)]), mediaTypes.bytes);
    entries.push({ type: 'file', path: `part-${String(index).padStart(2, '0')}.txt`, executable: false, sizeBytes, sha256 });
    last = blobKey(sha256);
  }
  return putTree(store, treeOf(entries));
}

async function keys(prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

/** The report is whole, and every object has the hash of its name. */
async function expectWhole(outcome: StageOutcome<ScanResult>): Promise<void> {
  expect(outcome).toMatchObject({ status: 'completed', cached: false, result: { complete: true, blocking: tokens.length } });
  const artifact = outcome.status === 'completed' ? outcome.result.artifacts[0] : undefined;
  const report = JSON.parse(Buffer.from((await store.get(artifact?.key ?? '')) ?? []).toString()) as ScanReport;
  expect(report.findings.map(({ path }) => path)).toEqual(tokens.map((_, index) => `part-${String(index).padStart(2, '0')}.txt`));
  expect(report.scanned.files).toBe(tokens.length);
  for (const key of await keys('cas/')) expect(createHash('sha256').update((await store.get(key)) ?? '').digest('hex')).toBe(basename(key));
  expect(readdirSync(directory).filter((name) => name === 'scratch').flatMap((name) => readdirSync(join(directory, name)))).toEqual([]);
}

describe('a scan that is broken off in the middle', { timeout: 120_000 }, () => {
  it('by a SIGKILL of its process has stored no result, and is whole when it is done again', async () => {
    const before = await keys('cas/');
    const asked = disturbed.holdAt(last);
    const program = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'scanning.ts');
    const child = spawn(process.execPath, [program, JSON.stringify(bench)], { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = once(child, 'exit');
    await asked;
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect([await keys('cas/'), await keys('cache/scan-outputs/')]).toEqual([before, []]);
    disturbed.mend();
    await expectWhole(await attemptScan(bench));
  });

  it('by a store that goes on failing is the platform’s to try again, has stored no result, and is whole then', async () => {
    const before = await keys('cas/');
    const asked = disturbed.refuseFrom(last);
    const scanned = attemptScan(bench).catch((error: unknown) => error);
    await asked;
    expect(await scanned).toMatchObject({ type: 'STORE_UNREACHABLE', nonRetryable: false });
    expect([await keys('cas/'), await keys('cache/scan-outputs/')]).toEqual([before, []]);
    disturbed.mend();
    await expectWhole(await attemptScan(bench));
  });

  it('by a store that is back while its client asks again is whole at once', async () => {
    const asked = disturbed.refuseFrom(last);
    const scanned = attemptScan(bench);
    await asked;
    disturbed.mend();
    await expectWhole(await scanned);
  });
});
