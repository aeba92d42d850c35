import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { auditRun } from '../../../activities/audit/audit.ts';
import { exportRun } from '../../../activities/audit/export.ts';
import { openSealing } from '../../../activities/evaluate/sealing.ts';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { artifactOf, putBlob } from '../../../activities/io/blobs.ts';
import { createDirectoryStore } from '../../../activities/io/directory.ts';
import type { ObjectStore } from '../../../activities/io/store.ts';
import { score } from '../../../activities/score/score.ts';
import type { Answer, Artifact, AuditReport, SuiteStage } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { attest, newSigningKey, storeRun } from '../../fakes/attested-run.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { stageContent } from '../../fixtures/suite-stage.ts';

const suiteDirectory = resolve(import.meta.dirname, '../../../examples/suites/addition');
const run = 'addition-1a2b3c4d';
let directory: string;
let suiteKeyFile: string;
let key: SigningKey & { file: string };
let store: ReturnType<typeof memoryStore>;

/** The example's suite, answered by something that cannot carry over into the thousands, and scored by the stage itself. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reprise-rescore-'));
  suiteKeyFile = join(directory, 'suite.key');
  writeFileSync(suiteKeyFile, 'ab'.repeat(32));
  key = await newSigningKey();
  store = memoryStore();
  const dependencies = { store, settings: { suiteKeyFile } } as unknown as Parameters<typeof score>[0];
  const kept = await storeSuite(dependencies, suiteDirectory, metricNames);
  const [open, closed] = await Promise.all([storeAnswers('open', kept.suite), storeAnswers('closed', kept.suite)]);
  const input = { ...(await storeRun(store, run)), suite: kept.suite };
  const submission = { ...input.submission, claim: { open: 0.99, tolerance: 0.02 } };
  const evaluations = [open, closed].map(({ sha256, path }) => ({ stage: path.slice(8, -6) as SuiteStage, answers: sha256 }));
  const { result } = await score(dependencies, { ...input, submission, evaluations });
  const artifacts = input.artifacts.filter(({ role }) => role !== 'answers' && role !== 'suite' && role !== 'scores');
  const all = [...artifacts, ...kept.artifacts, open, closed, ...result.artifacts];
  await attest(store, { ...input, submission, artifacts: all, scores: result.scores }, key);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function storeAnswers(stage: SuiteStage, suite: string): Promise<Artifact> {
  const { scenarios } = await stageContent({ store, settings: { suiteKeyFile } }, suite, stage);
  const answers = scenarios.flatMap(({ questions }) =>
    questions.map(({ id, references: [reference = ''] }): Answer => ({ status: 'answered', id, text: reference.replace(/^1(?=\d{4})/, ''), latencyMs: 1, attempts: 1 })),
  );
  const sealing = await openSealing({ suiteKeyFile }, stage);
  const lines = answers.map((answer) => `${JSON.stringify(answer)}\n`).join('');
  return artifactOf(await putBlob(store, sealing.seal(Buffer.from(lines)), sealing.mediaType), `answers/${stage}.jsonl`, 'answers');
}

function audit(from: ObjectStore, keyFile: string): Promise<AuditReport> {
  return auditRun(from, run, { trustedKeys: [key.publicKey], rescore: { suiteKeyFile: keyFile } });
}

describe('a run of the example, rescored', () => {
  test('with the key of the closed questions: every figure is the same, L1', async () => {
    const report = await audit(store, suiteKeyFile);
    expect(report).toMatchObject({ level: 'L1', verified: true, problems: [], rescored: { identical: true } });
    expect(report.rescored?.stages.map(({ stage, recomputed }) => [stage, recomputed === 1])).toEqual([['open', true], ['closed', false]]);
  });

  test('from an export with everything stopped: the same', async () => {
    const target = join(directory, 'export');
    await exportRun(store, run, target, { publicKey: key.publicKey });
    expect(await audit(createDirectoryStore(target), suiteKeyFile)).toMatchObject({ level: 'L1', problems: [] });
  });

  test.each([
    ['without the key', () => '/nowhere/suite.key'],
    ['with another key', () => (writeFileSync(join(directory, 'other.key'), 'cd'.repeat(32)), join(directory, 'other.key'))],
  ])('%s: the open score is, the closed one is said not to be', async (_, keyFile) => {
    const report = await audit(store, keyFile());
    expect(report).toMatchObject({ level: 'L0', verified: true, problems: [], rescored: { identical: true } });
    expect(report.rescored?.stages[1]).toMatchObject({ stage: 'closed', recomputed: null, note: expect.stringContaining('key not given') });
  });
});
