import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signStatement } from '../../../activities/attest/envelope.ts';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { auditRun } from '../../../activities/audit/audit.ts';
import type { ObjectStore } from '../../../activities/io/store.ts';
import {
  answerJournalKey,
  attestationKey,
  canonicalBytes,
  DsseEnvelope,
  manifestKey,
  RunManifest,
  Statement,
  transparencyLogKey,
  type AuditReport,
} from '../../../domain/index.ts';
import { historyOf, newSigningKey, scores, type RunInput } from '../../fakes/attested-run.ts';
import { exportedEvidence, found, keyOf, memoryEvidence, otherRuns, parse, type Evidence } from '../../fakes/evidence.ts';

let key: SigningKey & { file: string };
let foreignKey: SigningKey & { file: string };
beforeAll(async () => {
  [key, foreignKey] = await Promise.all([newSigningKey(), newSigningKey()]);
});

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'reprise-audit-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = 'addition-1a2b3c4d';
const audit = (store: ObjectStore, options: Partial<Parameters<typeof auditRun>[2]> = {}): Promise<AuditReport> =>
  auditRun(store, run, { trustedKeys: [foreignKey.publicKey, key.publicKey], ...options });

describe.each([
  ['in the store', () => memoryEvidence(key)],
  ['in an exported directory', () => exportedEvidence(key, directory)],
])('evidence %s', (_, prepare) => {
  test('that nobody touched verifies at L0', async () => {
    const report = await audit((await prepare()).store);
    expect(report).toMatchObject({ level: 'L0', verified: true, problems: [], signedBy: { keyid: key.keyid, trusted: true } });
    expect(report.objects.checked).toBe(15);
  });

  test('with a flipped byte: the object is named', async () => {
    const evidence = await prepare();
    const bytes = Buffer.from(await evidence.read(keyOf(evidence, 'answers')));
    bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3);
    await evidence.write(keyOf(evidence, 'answers'), bytes);
    const report = await audit(evidence.store);
    expect(found(report)).toEqual(['wrong-hash answers/open.jsonl']);
    expect(report).toMatchObject({ verified: false, level: null });
  });

  test('with a byte more: the object and its size are named', async () => {
    const evidence = await prepare();
    await evidence.write(keyOf(evidence, 'scores'), Buffer.concat([await evidence.read(keyOf(evidence, 'scores')), Buffer.from('\n')]));
    expect(found(await audit(evidence.store))).toEqual(['wrong-size scores.json']);
  });

  test('without a file of the model: its path in the output is named', async () => {
    const evidence = await prepare();
    const manifest = RunManifest.parse(parse(await evidence.read(manifestKey(run))));
    await evidence.remove(manifest.artifacts.find(({ path }) => path === 'model/model.safetensors')?.key ?? '');
    expect(found(await audit(evidence.store))).toEqual(['missing-object model/model.safetensors']);
  });

  test('with an added answer: it is named', async () => {
    const evidence = await prepare();
    const added = answerJournalKey(run, 'evaluate-open', 1);
    await evidence.write(added, Buffer.from('{"id":"2","status":"answered","text":"7"}\n'));
    expect(found(await audit(evidence.store))).toEqual([`unlisted-object ${added}`]);
  });

  test('with a changed manifest: it is not the signed one', async () => {
    const evidence = await prepare();
    const manifest = RunManifest.parse(parse(await evidence.read(manifestKey(run))));
    const artifacts = manifest.artifacts.filter(({ path }) => path !== 'logs/train.log');
    await evidence.write(manifestKey(run), canonicalBytes({ ...manifest, artifacts }));
    const problems = found(await audit(evidence.store));
    expect(problems).toContain(`manifest-mismatch ${manifestKey(run)}`);
    expect(problems).toContain(`not-in-log ${transparencyLogKey(1)}`);
    expect(problems).toContain('history-mismatch logs/train.log');
  });

  test('signed by somebody else: the key is named', async () => {
    const evidence = await prepare();
    const stranger = await newSigningKey();
    await evidence.write(attestationKey(run), await resigned(evidence, stranger));
    const report = await audit(evidence.store);
    expect(found(report)).toEqual([`untrusted-key ${attestationKey(run)}`, `not-in-log ${transparencyLogKey(1)}`]);
    expect(report.signedBy).toEqual({ keyid: stranger.keyid, trusted: false });
  });

  test("with a stranger's signature under our key's name: it does not fit", async () => {
    const evidence = await prepare();
    await evidence.write(attestationKey(run), await resigned(evidence, { ...(await newSigningKey()), keyid: key.keyid }));
    expect(found(await audit(evidence.store))).toContain(`bad-signature ${attestationKey(run)}`);
  });

  test('with a changed verdict: the signature does not fit', async () => {
    const evidence = await prepare();
    const envelope = DsseEnvelope.parse(parse(await evidence.read(attestationKey(run))));
    const statement = Buffer.from(envelope.payload, 'base64').toString().replace('"full":0.5', '"full":0.9');
    await evidence.write(attestationKey(run), canonicalBytes({ ...envelope, payload: Buffer.from(statement).toString('base64') }));
    const problems = found(await audit(evidence.store));
    expect(problems).toContain(`bad-signature ${attestationKey(run)}`);
    expect(problems).toContain('history-mismatch history.json');
  });

  test("with another run's evidence under its name: it is said", async () => {
    const evidence = await memoryEvidence(key);
    for (const name of [manifestKey, attestationKey]) await evidence.write(name(run), await evidence.read(name(otherRuns[0])));
    const report = await audit(evidence.store);
    expect(found(report)).toEqual([
      `manifest-mismatch ${attestationKey(run)}`,
      `manifest-mismatch ${manifestKey(run)}`,
      `not-in-log ${transparencyLogKey(1)}`,
    ]);
  });

  test.each([
    ['swapped links', (evidence: Evidence) => swap(evidence, transparencyLogKey(0), transparencyLogKey(2)), `broken-chain ${transparencyLogKey(0)}`],
    ['a changed link before it', (evidence: Evidence) => relink(evidence, 0), `broken-chain ${transparencyLogKey(1)}`],
    ['a missing link before it', (evidence: Evidence) => evidence.remove(transparencyLogKey(0)), `broken-chain ${transparencyLogKey(0)}`],
    ['its own link changed', (evidence: Evidence) => relink(evidence, 1), `not-in-log ${transparencyLogKey(1)}`],
    ['no log at all', (evidence: Evidence) => removeAll(evidence, [0, 1, 2]), 'not-in-log log/'],
  ])('with %s: the link is named', async (_name, change, expected) => {
    const evidence = await prepare();
    await change(evidence);
    expect(found(await audit(evidence.store))).toContain(expected);
  });

  test('without manifest or attestation: both are named', async () => {
    const evidence = await prepare();
    await Promise.all([evidence.remove(manifestKey(run)), evidence.remove(attestationKey(run))]);
    const problems = found(await audit(evidence.store));
    expect(problems).toContain(`missing-object ${manifestKey(run)}`);
    expect(problems).toContain(`missing-object ${attestationKey(run)}`);
  });

  test('whose manifest is no JSON: it is said', async () => {
    const evidence = await prepare();
    await evidence.write(manifestKey(run), Buffer.from('{'));
    expect(found(await audit(evidence.store))).toContain(`manifest-mismatch ${manifestKey(run)}`);
  });
});

describe('a signer that was wrong', () => {
  test('a tree that names more than the manifest lists', async () => {
    const evidence = await memoryEvidence(key);
    const manifest = RunManifest.parse(parse(await evidence.read(manifestKey(run))));
    const artifacts = manifest.artifacts.filter(({ path }) => path !== 'snapshot/Dockerfile');
    await evidence.write(manifestKey(run), canonicalBytes({ ...manifest, artifacts }));
    expect(found(await audit(evidence.store))).toContain('missing-object snapshot/Dockerfile');
  });

  test.each<[string, (input: RunInput) => RunInput]>([
    ['of another run', (given) => ({ ...given, run: 'addition-99999999' })],
    ['with other scores', (given) => ({ ...given, scores: { ...scores, full: 0.7 } })],
    ['with another artifact', (given) => ({ ...given, artifacts: given.artifacts.map((each) => ({ ...each, sha256: 'd'.repeat(64) })) })],
  ])('a history %s', async (_, change) => {
    const evidence = await memoryEvidence(key);
    const manifest = RunManifest.parse(parse(await evidence.read(manifestKey(run))));
    const history = manifest.artifacts.find(({ role }) => role === 'history')?.key ?? '';
    await evidence.write(history, historyOf(change(evidence.input)));
    expect(found(await audit(evidence.store)).some((each) => each.startsWith('history-mismatch'))).toBe(true);
  });
});

test('an aborted audit stops', async () => {
  const { store } = await memoryEvidence(key);
  await expect(audit(store, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('an object that two paths share is read once and named twice', async () => {
  const evidence = await memoryEvidence(key);
  const manifest = RunManifest.parse(parse(await evidence.read(manifestKey(run))));
  const [first] = manifest.artifacts;
  await evidence.write(manifestKey(run), canonicalBytes({ ...manifest, artifacts: [...manifest.artifacts, { ...first, path: 'zz' }] }));
  await evidence.remove(first?.key ?? '');
  const report = await audit(evidence.store);
  expect(found(report)).toEqual(expect.arrayContaining([`missing-object ${first?.path}`, 'missing-object zz']));
  expect(report.objects.checked).toBe(15);
});

async function resigned(evidence: Evidence, signer: SigningKey): Promise<Uint8Array> {
  const envelope = DsseEnvelope.parse(parse(await evidence.read(attestationKey(run))));
  return canonicalBytes(signStatement(Statement.parse(parse(Buffer.from(envelope.payload, 'base64'))), signer));
}

async function swap({ read, write }: Evidence, one: string, other: string): Promise<void> {
  const [first, second] = await Promise.all([read(one), read(other)]);
  await write(one, Buffer.from(second));
  await write(other, Buffer.from(first));
}

async function relink({ read, write }: Evidence, sequence: number): Promise<void> {
  const entry = parse(await read(transparencyLogKey(sequence))) as object;
  await write(transparencyLogKey(sequence), canonicalBytes({ ...entry, manifestSha256: 'e'.repeat(64) }));
}

async function removeAll({ remove }: Evidence, sequences: number[]): Promise<void> {
  for (const sequence of sequences) await remove(transparencyLogKey(sequence));
}
