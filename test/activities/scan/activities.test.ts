import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dependencies } from '../../../activities/dependencies.ts';
import { putBlob } from '../../../activities/io/blobs.ts';
import { putTree } from '../../../activities/io/trees.ts';
import { createScanActivities } from '../../../activities/scan/index.ts';
import { blobKey, mediaTypes, treeOf, type ScanReport, type StageOutcome, type TreeEntry } from '../../../domain/index.ts';
import type { ScanResult } from '../../../workflows/contract.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { fakes } from './examples.ts';
import { zipOf } from './packing.ts';

const stageRun = { run: 'r1', workflowId: 'w1', fresh: false };
const token = fakes.huggingFace();
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'scan-activities-'));
  writeFileSync(join(directory, 'fingerprint.key'), 'ab'.repeat(32));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function dependenciesOf(store: ReturnType<typeof memoryStore>): Dependencies {
  const needed: Pick<Dependencies, 'store' | 'logger' | 'signalProgress'> & { settings: Partial<Dependencies['settings']> } = {
    store,
    logger: pino({ enabled: false }),
    settings: { fingerprintKeyFile: join(directory, 'fingerprint.key'), scratchDirectory: directory, secrets: {} },
    signalProgress: async () => undefined,
  };
  return needed as Dependencies;
}

async function stored(store: ReturnType<typeof memoryStore>, files: Record<string, Buffer>): Promise<string> {
  const entries: TreeEntry[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    const { sha256, sizeBytes } = await putBlob(store, bytes, mediaTypes.bytes);
    entries.push({ type: 'file', path, executable: false, sizeBytes, sha256 });
  }
  return putTree(store, treeOf(entries));
}

function scanOutputs(store: ReturnType<typeof memoryStore>, output: string): Promise<StageOutcome<ScanResult>> {
  return new MockActivityEnvironment().run(createScanActivities(dependenciesOf(store)).scanOutputs, { ...stageRun, output });
}

test('a scan stores its report, counts by severity and never keeps the value', async () => {
  const store = memoryStore();
  const output = await stored(store, { 'model/run.log': Buffer.from(`token ${token}`), 'a.zip': await zipOf({ 'b.py': Buffer.from(token) }) });
  const objects = new Set(store.objects.keys());
  const outcome = await scanOutputs(store, output);
  expect(outcome).toMatchObject({
    status: 'completed',
    cached: false,
    result: { complete: true, blocking: 2, warnings: 0, summary: '1 secret (1 blocking) in 3 files' },
  });
  const artifact = outcome.status === 'completed' ? outcome.result.artifacts[0] : undefined;
  expect(artifact).toMatchObject({ path: 'scans/scan-outputs.json', role: 'scan-report' });
  const report = JSON.parse(Buffer.from(store.objects.get(artifact?.key ?? '') ?? []).toString()) as ScanReport;
  expect(report.findings.map(({ path, within = [] }) => [path, ...within].join('!'))).toEqual(['a.zip!b.py', 'model/run.log']);
  const written = [...store.objects].filter(([key]) => !objects.has(key)).map(([, bytes]) => Buffer.from(bytes).toString('latin1'));
  expect(written.join('\n')).not.toContain(token);
});

test('the same tree is scanned once', async () => {
  const store = memoryStore();
  const output = await stored(store, { 'a.txt': Buffer.from('nothing here') });
  await scanOutputs(store, output);
  expect(await scanOutputs(store, output)).toMatchObject({ cached: true, result: { summary: 'no secrets in 1 file' } });
});

test('a scan that was broken off reads what is left: large files that were scanned whole are not read again', async () => {
  const store = memoryStore();
  const large = Buffer.alloc(64 * 1024 ** 2, 'text and no more\n');
  const output = await stored(store, { 'large.txt': Buffer.concat([large, Buffer.from(`\n${token}`)]), 'broken.gz': Buffer.from([0x1f, 0x8b, 8, 0]) });
  const first = await scanOutputs(store, output);
  const reads: string[] = [];
  const counting = { ...store, getStream: (key: string) => (reads.push(key), store.getStream(key)) };
  const second = await scanOutputs(counting, output);
  expect(second).toMatchObject({ cached: false, result: { complete: false, blocking: 1 } });
  expect(reads).toHaveLength(1);
  expect(second).toMatchObject({ result: { summary: first.status === 'completed' ? first.result.summary : '' } });
});

test('an incomplete scan is completed work that says so', async () => {
  const store = memoryStore();
  const output = await stored(store, { 'a.zip': Buffer.from('PK\u0003\u0004 and no more', 'latin1') });
  expect(await scanOutputs(store, output)).toMatchObject({ status: 'completed', result: { complete: false, summary: 'no secrets in 1 file; not everything could be read' } });
});

test('a missing object of the store is a fault of the platform, not a clean scan', async () => {
  const store = memoryStore();
  const bytes = Buffer.from('some text');
  const output = await stored(store, { 'a.txt': bytes });
  store.objects.delete(blobKey((await putBlob(memoryStore(), bytes, mediaTypes.bytes)).sha256));
  await expect(scanOutputs(store, output)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
});
