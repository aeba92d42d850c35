import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { attestRun } from '../../activities/attest/index.ts';
import { readSigningKey, type SigningKey } from '../../activities/attest/keys.ts';
import { openTransparencyLog, type TransparencyLog } from '../../activities/attest/transparency-log.ts';
import { artifactOf, putBlob } from '../../activities/io/blobs.ts';
import type { ObjectStore } from '../../activities/io/store.ts';
import {
  answerJournalKey,
  logChunkKey,
  mediaTypes,
  treeOf,
  canonicalJson,
  type Artifact,
  type ArtifactRole,
  type RunScores,
  type StageScore,
  type Submission,
} from '../../domain/index.ts';
import type { AttestInput, AttestResult, StageRun } from '../../workflows/contract.ts';

export type RunInput = StageRun & AttestInput;

/** A signing key in a file of its own directory, as `up` makes it. */
export async function newSigningKey(): Promise<SigningKey & { file: string }> {
  const file = join(mkdtempSync(join(tmpdir(), 'reprise-key-')), 'signing.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { ...(await readSigningKey(file)), file };
}

/** Stores what the stages of a small run would store, and gives the input of its attestation. */
export async function storeRun(store: ObjectStore, run = 'addition-1a2b3c4d'): Promise<RunInput> {
  const keep = async (path: string, role: ArtifactRole, content: unknown, mediaType: string = mediaTypes.json): Promise<Artifact> => {
    const text = typeof content === 'string' ? content : canonicalJson(content);
    return artifactOf(await putBlob(store, Buffer.from(text), mediaType), path, role);
  };
  const tree = async (path: string, role: ArtifactRole, files: Record<string, string>): Promise<Artifact> => {
    const entries = await Promise.all(
      Object.entries(files).map(async ([name, text]) => {
        const { sha256, sizeBytes } = await putBlob(store, Buffer.from(text), mediaTypes.bytes);
        return { type: 'file' as const, path: name, executable: false, sizeBytes, sha256 };
      }),
    );
    return keep(path, role, treeOf(entries), mediaTypes.tree);
  };
  const open = await keep('suite/open.json', 'suite', { stage: 'open', scenarios: [] });
  const suite = await keep('suite/suite.json', 'suite', {
    schema: 'reprise.suite/v1',
    name: 'addition',
    stages: { open: { artifact: open, encrypted: false, questionsSha256: open.sha256, scenarios: [{ name: 'two-digit', questions: 2 }] } },
  });
  const snapshot = await tree('snapshot.tree.json', 'snapshot', { Dockerfile: 'FROM scratch\n', 'src/serve.py': 'print(1)\n' });
  const artifacts = [
    suite,
    snapshot,
    await keep('pin-report.json', 'pin-report', pinReport),
    await tree('model.tree.json', 'model', { 'model.safetensors': `weights of ${run}` }),
    await keep('logs/train.log', 'log', 'epoch 1\nepoch 2\n', mediaTypes.text),
    await keep('answers/open.jsonl', 'answers', '{"id":"1","status":"answered","text":"3"}\n', mediaTypes.jsonLines),
    await keep('scores.json', 'scores', scores),
  ];
  await store.putIfAbsent(logChunkKey(run, 'train', 0), Buffer.from('epoch 1\n'), mediaTypes.text);
  await store.putIfAbsent(logChunkKey(run, 'train', 1), Buffer.from('epoch 2\n'), mediaTypes.text);
  await store.putIfAbsent(answerJournalKey(run, 'evaluate-open', 0), Buffer.from('{"id":"1"}\n'), mediaTypes.jsonLines);
  return {
    run,
    workflowId: run.slice(0, -9),
    fresh: false,
    submission: { ...submission, snapshot: snapshot.sha256 },
    suite: suite.sha256,
    images: [{ role: 'serve', id: `sha256:${'a'.repeat(64)}`, sizeBytes: 10 }],
    artifacts,
    stages: [
      { name: 'intake', startedAt: '2026-01-02T03:04:05.000Z', endedAt: '2026-01-02T03:04:06.000Z', cached: false },
      { name: 'score', startedAt: '2026-01-02T03:05:05.000Z', endedAt: '2026-01-02T03:05:06.000Z', cached: false },
    ],
    scans: (['scan-source', 'scan-images', 'scan-outputs'] as const).map((stage) => ({ stage, complete: true, blocking: 0 })),
    scores,
  };
}

export function attest(store: ObjectStore, input: RunInput, key: { file: string }, log: TransparencyLog = openTransparencyLog(store)): Promise<AttestResult> {
  const dependencies = { store, settings: { signingKeyFile: key.file }, exportHistory: async () => historyOf(input) };
  return attestRun(dependencies, log, input);
}

/** A history in the SDK's own JSON: two activities, one of which stored everything and one of which scored. */
export function historyOf({ run, suite, artifacts, submission: given, scores: computed }: RunInput): Uint8Array {
  const answers = artifacts.filter(({ role }) => role === 'answers');
  const evaluations = answers.map(({ path, sha256 }) => ({ stage: path.includes('closed') ? 'closed' : 'open', answers: sha256 }));
  const events = [
    ...activity(5, 'intake', { run }, { artifacts }),
    ...activity(11, 'score', { run, suite, submission: given, evaluations }, { artifacts: [], scores: computed }),
  ];
  return Buffer.from(historyToJSON({ events } as unknown as Parameters<typeof historyToJSON>[0]));
}

function activity(eventId: number, name: string, input: unknown, result: unknown): object[] {
  const scheduled = { activityId: String(eventId), activityType: { name }, input: payloads(input) };
  const completed = { scheduledEventId: eventId, result: payloads({ status: 'completed', cached: false, result }) };
  return [
    { eventId, eventType: 10, activityTaskScheduledEventAttributes: scheduled },
    { eventId: eventId + 1, eventType: 12, activityTaskCompletedEventAttributes: completed },
  ];
}

function payloads(value: unknown): object {
  return { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) }] };
}

export const openScore: StageScore = {
  stage: 'open',
  score: 0.5,
  counts: { answered: 2, failed: 0, unanswered: 0 },
  scenarios: [{ name: 'two-digit', score: 0.5, metrics: { exact_match: 0.5 }, counts: { answered: 2, failed: 0, unanswered: 0 } }],
};

export const scores: RunScores = { schema: 'reprise.run-scores/v1', open: openScore, closed: null, full: 0.5, claim: null };

const submission: Omit<Submission, 'snapshot'> = {
  name: 'addition',
  team: 'reprise',
  track: 'cpu',
  asOf: { date: '2026-01-01T00:00:00Z', source: 'request' },
  origin: 'examples/addition',
  images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'manifest' }],
  port: 80,
  readyTimeoutMs: 600_000,
  trainingBudgetMs: 600_000,
  secrets: [],
};

const pinReport = {
  schema: 'reprise.pin-report/v1',
  asOf: '2026-01-01T00:00:00Z',
  images: [
    {
      role: 'serve',
      dockerfile: 'Dockerfile',
      bases: [
        {
          reference: 'debian:bookworm-slim',
          line: 1,
          pinned: `sha256:${'b'.repeat(64)}`,
          digest: `sha256:${'b'.repeat(64)}`,
          source: 'debootstrap',
          fidelity: 'substitution',
          reason: 'no registry answers',
        },
      ],
      inputs: [],
      leftBehind: [],
    },
  ],
  summary: 'one base image',
};
