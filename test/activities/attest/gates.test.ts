import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { auditRun } from '../../../activities/audit/audit.ts';
import { exportRun } from '../../../activities/audit/export.ts';
import { artifactOf, putBlob } from '../../../activities/io/blobs.ts';
import { fingerprintOfReason } from '../../../activities/scan/gate.ts';
import { mediaTypes, type Acceptance, type ScanReport } from '../../../domain/index.ts';
import { attest, newSigningKey, storeRun, type RunInput } from '../../fakes/attested-run.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let key: SigningKey & { file: string };
let directory: string;
beforeAll(async () => void (key = await newSigningKey()));
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'gates-test-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fingerprint = 'ab'.repeat(32);
const finding = { rule: 'private-key', kind: 'private key', severity: 'block' as const, path: 'test/server.pem', line: 1, offset: 0, length: 40, fingerprint, redacted: '…' };
const unread = 'a.zip > m.py: the entry is encrypted';
const found: Partial<ScanReport> = { findings: [finding, { ...finding, path: 'copy.pem' }] };
const incomplete: Partial<ScanReport> = { complete: false, incompleteBecause: [unread] };

const accepting = (named: string): Acceptance => ({ fingerprint: named, reason: 'a key of the test server', by: 'op@host', at: '2026-01-01T00:00:00.000Z' });

/** A run whose scan of the source came to this report. */
async function scanned(part: Partial<ScanReport>, accept?: Acceptance[]): Promise<{ store: ReturnType<typeof memoryStore>; input: RunInput }> {
  const store = memoryStore();
  const input = await storeRun(store);
  const report: ScanReport = { schema: 'reprise.scan/v1', complete: true, scanned: { files: 1, bytes: 1, objects: 0, layers: 0 }, findings: [], ...part };
  const artifact = artifactOf(await putBlob(store, Buffer.from(JSON.stringify(report)), mediaTypes.json), 'scans/scan-source.json', 'scan-report');
  const scan = { stage: 'scan-source' as const, complete: report.complete, blocking: report.findings.length };
  return { store, input: { ...input, artifacts: [...input.artifacts, artifact], scans: [scan, ...input.scans.slice(1)], ...(accept && { accept }) } };
}

test.each([
  ['a finding', found, [], false],
  ['an accepted finding', found, [accepting(fingerprint)], true],
  ['a finding accepted by the part of its fingerprint that is printed', found, [accepting(fingerprint.slice(0, 16))], true],
  ['a finding beside another that is accepted', { findings: [finding, { ...finding, fingerprint: 'cd'.repeat(32) }] }, [accepting(fingerprint)], false],
  ['what was not read', incomplete, [], false],
  ['what was not read, where the finding beside it is accepted', { ...incomplete, ...found }, [accepting(fingerprint)], false],
  ['what was not read, for an accepted reason', incomplete, [accepting(fingerprintOfReason(unread))], true],
  ['reasons that are not listed', { complete: false, incompleteBecause: ['and 3 more reasons'] }, [accepting(fingerprintOfReason('and 3 more reasons'))], false],
])('%s: publishable is stated, audited and kept to by export', async (_what, part, accept, publishable) => {
  const { store, input } = await scanned(part, accept);
  expect((await attest(store, input, key)).publishable).toBe(publishable);
  const report = await auditRun(store, input.run, { trustedKeys: [key.publicKey] });
  expect(report).toMatchObject({ verified: true, publication: { publishable } });
  const exported = exportRun(store, input.run, join(directory, 'out'));
  if (publishable) await exported;
  else await expect(exported).rejects.toMatchObject({ type: 'NOT_PUBLISHABLE', message: expect.stringContaining('scan-source') });
});

test('an acceptance stands in the attestation with who, when and why', async () => {
  const { store, input } = await scanned(found, [accepting(fingerprint)]);
  await attest(store, input, key);
  const { publication } = await auditRun(store, input.run, { trustedKeys: [key.publicKey] });
  expect(publication?.gates.find(({ stage }) => stage === 'scan-source')).toEqual({
    stage: 'scan-source',
    open: true,
    accepted: [{ fingerprint, rule: 'private-key', place: 'test/server.pem:1 and 1 more places', reason: 'a key of the test server', by: 'op@host', at: '2026-01-01T00:00:00.000Z' }],
    closedBecause: [],
  });
});

test('a scan that failed cannot be accepted', async () => {
  const { store, input } = await scanned(incomplete, [accepting(fingerprintOfReason(unread))]);
  const withoutReport = { ...input, artifacts: input.artifacts.filter(({ role }) => role !== 'scan-report') };
  expect((await attest(store, withoutReport, key)).publishable).toBe(false);
});

test('what is not publishable is exported for an auditor who may see it', async () => {
  const { store, input } = await scanned(found);
  await attest(store, input, key);
  expect((await exportRun(store, input.run, join(directory, 'out'), { isPrivate: true })).objects).toBeGreaterThan(10);
});

test('a report that says something else than the stated gate is a problem of the audit', async () => {
  const { store, input } = await scanned(found);
  const stated = { ...input, scans: input.scans.map((scan) => ({ ...scan, blocking: 0 })) };
  await attest(store, stated, key);
  const { verified, problems } = await auditRun(store, input.run, { trustedKeys: [key.publicKey] });
  expect(verified).toBe(false);
  expect(problems.map(({ code }) => code)).toEqual(['gate-mismatch']);
});
