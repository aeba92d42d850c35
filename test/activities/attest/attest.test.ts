import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkSignatures, preAuthenticationEncoding } from '../../../activities/attest/envelope.ts';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { openTransparencyLog } from '../../../activities/attest/transparency-log.ts';
import { artifactOf, putBlob } from '../../../activities/io/blobs.ts';
import { attestationKey, blobKey, DsseEnvelope, LogEntry, manifestKey, mediaTypes, type ArtifactRole, RunManifest, Statement, transparencyLogKey } from '../../../domain/index.ts';
import { attest, newSigningKey, storeRun } from '../../fakes/attested-run.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let key: SigningKey & { file: string };
beforeAll(async () => void (key = await newSigningKey()));

const read = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes as Uint8Array).toString('utf8'));

describe('what is attested', () => {
  test('the manifest lists what stages stored, what trees name, journals and the history, sorted and once', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const repeated = { ...input, artifacts: [...input.artifacts, ...input.artifacts.slice(0, 2)] };
    const result = await attest(store, repeated, key);
    const manifest = RunManifest.parse(read(await store.get(result.manifestKey)));
    expect(manifest.artifacts.map(({ path }) => path)).toEqual([
      'answers/evaluate-open/00000000.jsonl',
      'answers/open.jsonl',
      'history.json',
      'logs/train.log',
      'logs/train/00000000.log',
      'logs/train/00000001.log',
      'model.tree.json',
      'model/model.safetensors',
      'pin-report.json',
      'scores.json',
      'snapshot.tree.json',
      'snapshot/Dockerfile',
      'snapshot/src/serve.py',
      'suite/open.json',
      'suite/suite.json',
    ]);
    expect(manifest.artifacts.find(({ path }) => path === 'model/model.safetensors')?.role).toBe('model');
  });

  test('the statement names manifest, model, snapshot, suite and base images, and verifies under the key', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const result = await attest(store, input, key);
    const envelope = DsseEnvelope.parse(read(await store.get(attestationKey(input.run))));
    expect(checkSignatures(envelope, [key.publicKey])).toEqual([{ keyid: key.keyid, verdict: 'valid' }]);
    const statement = Statement.parse(read(Buffer.from(envelope.payload, 'base64')));
    const model = input.artifacts.find(({ role }) => role === 'model')?.sha256;
    expect(statement.subject).toEqual([
      { name: 'manifest.json', digest: { sha256: result.manifestSha256 } },
      { name: 'model', digest: { sha256: model } },
    ]);
    expect(statement.predicate.buildDefinition.resolvedDependencies.map(({ name }) => name)).toEqual(['snapshot', 'suite', 'debian:bookworm-slim']);
    expect(statement.predicate.runDetails.metadata).toMatchObject({
      invocationId: input.run,
      startedOn: '2026-01-02T03:04:05.000Z',
      finishedOn: '2026-01-02T03:05:06.000Z',
    });
    expect(statement.predicate.reprise_verdict).toMatchObject({ publishable: true, scores: input.scores, stages: input.stages });
  });

  test('the statement names what the builds took in, each with its digest', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const [file, body, digest, commit] = ['1', '2', '3', 'c'].map((digit) => digit.repeat(64)) as [string, string, string, string];
    await store.putIfAbsent(blobKey(body), Buffer.from(''), mediaTypes.bytes);
    const exchange = { method: 'GET', url: 'http://files.example/a', requestHeaders: {}, status: 200, headers: [], body: { sha256: body, sizeBytes: 0 }, at: '2026-01-01T00:00:00Z', durationMs: 1, step: 3 };
    const exchanges = [exchange, exchange, { ...exchange, url: 'http://files.example/gone', status: 404 }, { ...exchange, url: 'http://files.example/moved', status: 302, body: null }];
    const locked = { name: 'tiny', version: '1.0', file: 'tiny-1.0.whl', sha256: file, sizeBytes: 1, uploadedAt: '2022-01-01T00:00:00Z', doubts: [] };
    const locks = { schema: 'reprise.locks/v1', images: [{ role: 'serve', dockerfile: 'Dockerfile', before: '2022-06-02T00:00:00Z', fidelity: 'faithful', reasons: [], steps: [{ step: 3, command: 'RUN', source: 'served', packages: [locked] }] }] };
    const base = { reference: 'debian:12', line: 1, pinned: `debian@sha256:${digest}`, digest: `sha256:${digest}`, source: 'registry', fidelity: 'faithful', reason: '' };
    const report = { schema: 'reprise.pin-report/v1', asOf: '2022-06-01T00:00:00Z', summary: '', images: [{ role: 'serve', dockerfile: 'Dockerfile', bases: [base, base], inputs: [], leftBehind: [], commits: [{ line: 2, spec: 'git+https://forge.example/x', commit: commit.slice(0, 40), committedAt: '2022-01-01T00:00:00Z', fidelity: 'faithful', reason: '' }] }] };
    const artifact = async (path: string, role: ArtifactRole, text: string, mediaType: string) => artifactOf(await putBlob(store, Buffer.from(text), mediaType), path, role);
    const recording = await artifact('build/serve.recording.jsonl', 'recording', exchanges.map((each) => `${JSON.stringify(each)}\n`).join(''), mediaTypes.jsonLines);
    const lock = await artifact('pin/locks.json', 'pin-report', JSON.stringify(locks), mediaTypes.json);
    const pin = await artifact('pin/pin-report.json', 'pin-report', JSON.stringify(report), mediaTypes.json);
    await attest(store, { ...input, artifacts: [...input.artifacts.filter(({ role }) => role !== 'pin-report'), recording, lock, pin] }, key);
    const envelope = DsseEnvelope.parse(read(await store.get(attestationKey(input.run))));
    const { resolvedDependencies } = Statement.parse(read(Buffer.from(envelope.payload, 'base64'))).predicate.buildDefinition;
    expect(resolvedDependencies.slice(2).map(({ name, uri, digest: of }) => [name, uri, of])).toEqual([
      ['debian:12', `debian@sha256:${digest}`, { sha256: digest }],
      ['git+https://forge.example/x', undefined, { gitCommit: commit.slice(0, 40) }],
      ['tiny-1.0.whl', 'pkg:pypi/tiny@1.0', { sha256: file }],
      [undefined, 'http://files.example/a', { sha256: body }],
      ['build/serve.recording.jsonl', undefined, { sha256: recording.sha256 }],
      ['pin/locks.json', undefined, { sha256: lock.sha256 }],
    ]);
  });

  test("a failed stage's log stands in the manifest", async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const log = input.artifacts.find(({ role }) => role === 'log');
    const failed = { status: 'failed', code: 'TRAIN_EXIT', fault: 'submission', message: 'exit 1', nextStep: 'read', logKey: log?.key ?? '' } as const;
    await attest(store, { ...input, artifacts: input.artifacts.filter((each) => each !== log), stages: [{ ...input.stages[0], name: 'train', failure: failed } as never] }, key);
    const manifest = RunManifest.parse(read(await store.get(manifestKey(input.run))));
    expect(manifest.artifacts.find(({ path }) => path === 'logs/train.log')?.sha256).toBe(log?.sha256);
  });

  test('two contents under one path are refused as a bug', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const [first, second] = input.artifacts;
    await expect(attest(store, { ...input, artifacts: [first as never, { ...second, path: first?.path } as never] }, key)).rejects.toThrow(/two objects are stored as/);
  });

  test.each([
    ['a scan is incomplete', { complete: false, blocking: 0 }],
    ['a scan has a blocking finding', { complete: true, blocking: 1 }],
  ])('%s: not publishable', async (_, scan) => {
    const store = memoryStore();
    const input = await storeRun(store);
    const result = await attest(store, { ...input, scans: [...input.scans.slice(1), { stage: 'scan-source', ...scan }] }, key);
    expect(result.publishable).toBe(false);
  });

  test('a scan that never ran: not publishable', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    expect((await attest(store, { ...input, scans: input.scans.slice(0, 2) }, key)).publishable).toBe(false);
  });

  test('a missing signing key is said with its path', async () => {
    const store = memoryStore();
    await expect(attest(store, await storeRun(store), { file: '/nowhere/signing.pem' })).rejects.toMatchObject({
      type: 'SIGNING_KEY_MISSING',
      message: expect.stringContaining('/nowhere/signing.pem'),
    });
  });
});

describe('a repeated attempt', () => {
  test('finds its own and adds nothing, though the history has grown', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    const first = await attest(store, input, key);
    const before = new Map(store.objects);
    const again = await attest(store, { ...input, scores: input.scores } as typeof input, key);
    expect(again).toEqual(first);
    expect(new Map(store.objects)).toEqual(before);
  });

  test.each(['manifest', 'attestation'] as const)('goes on where an attempt ended behind the %s', async (last) => {
    const store = memoryStore();
    const input = await storeRun(store);
    const first = await attest(store, input, key);
    store.objects.delete(transparencyLogKey(0));
    if (last === 'manifest') store.objects.delete(attestationKey(input.run));
    expect(await attest(store, input, key)).toEqual(first);
  });

  test('refuses a manifest that holds other objects', async () => {
    const store = memoryStore();
    const input = await storeRun(store);
    await attest(store, input, key);
    const changed = input.artifacts.map((artifact) => (artifact.role === 'scores' ? { ...artifact, sha256: 'c'.repeat(64) } : artifact));
    await expect(attest(store, { ...input, artifacts: changed }, key)).rejects.toMatchObject({ type: 'PLATFORM_ERROR' });
  });
});

describe('the hash chain', () => {
  test('twenty runs at once, by two workers, give one chain without gap or repetition', async () => {
    const store = slowly(memoryStore());
    const logs = [openTransparencyLog(store), openTransparencyLog(store)];
    const inputs = await Promise.all(Array.from({ length: 20 }, (_, index) => storeRun(store, `addition-${String(index).padStart(8, '0')}`)));
    const results = await Promise.all(inputs.map((input, index) => attest(store, input, key, logs[index % 2])));
    expect(results.map(({ logSequence }) => logSequence).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    const entries = await Promise.all(results.map((_, index) => store.get(transparencyLogKey(index))));
    expect(new Set(entries.map((bytes) => LogEntry.parse(read(bytes)).run)).size).toBe(20);
  });

  test('one run attested at once by two workers stands in it once', async () => {
    const store = slowly(memoryStore());
    const input = await storeRun(store);
    const [first, second] = await Promise.all([attest(store, input, key), attest(store, input, key)]);
    expect([first.logSequence, second.logSequence]).toEqual([0, 0]);
    expect(await store.get(transparencyLogKey(1))).toBeUndefined();
  });

  test('a missing link stops the next one', async () => {
    const store = memoryStore();
    for (let index = 0; index < 3; index += 1) await attest(store, await storeRun(store, `addition-0000000${index}`), key);
    store.objects.delete(transparencyLogKey(1));
    await expect(attest(store, await storeRun(store), key)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
  });
});

test("what is signed is DSSE's pre-authentication encoding", () => {
  // The example of the specification's protocol.md.
  const encoded = preAuthenticationEncoding(Buffer.from('hello world'), 'http://example.com/HelloWorld');
  expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

/** Lets calls overtake each other as they do over a network. */
function slowly(store: ReturnType<typeof memoryStore>): ReturnType<typeof memoryStore> {
  return {
    ...store,
    get: async (name) => (await sleep(Math.random() * 4), store.get(name)),
    putIfAbsent: async (name, bytes, mediaType) => (await sleep(Math.random() * 4), store.putIfAbsent(name, bytes, mediaType)),
  };
}
