import type { Artifact, RunScores, StageOutcome, Submission } from '../../domain/index.ts';
import type { Activities } from '../../workflows/contract.ts';

const digest = 'a'.repeat(64);

export const submission: Submission = {
  name: 'addition',
  team: 'adders',
  track: 'cpu',
  asOf: { date: '2026-01-01T00:00:00.000Z', source: 'manifest' },
  snapshot: digest,
  origin: 'examples/addition',
  images: [
    { role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'reprise.yaml' },
    { role: 'train', dockerfile: 'Dockerfile.train', context: '.', evidence: 'reprise.yaml' },
  ],
  port: 80,
  readyTimeoutMs: 60_000,
  trainingBudgetMs: 60_000,
  secrets: [],
};

const counts = { answered: 2, failed: 0, unanswered: 0 };
const scenario = { name: 'two-digit', score: 0.75, metrics: { exact_match: 0.75 }, counts };

export const scores: RunScores = {
  schema: 'reprise.run-scores/v1',
  open: { stage: 'open', score: 0.75, counts, scenarios: [scenario] },
  closed: { stage: 'closed', score: 0.5, counts, scenarios: [{ ...scenario, name: 'three-digit', score: 0.5 }] },
  full: 0.75 / 3 + 1 / 3,
  claim: null,
};

export function completed<Result extends object>(result: Result): StageOutcome<Result & { artifacts: Artifact[]; summary: string }> {
  return { status: 'completed', cached: false, result: { artifacts: [], summary: 'done', ...result } };
}

/** Activities of which every stage succeeds at once; a test replaces those it is about. */
export function fakeActivities(replaced: Partial<Activities> = {}): Activities {
  return {
    intake: async () =>
      completed({ submission, suite: digest, suiteStages: ['open', 'closed'] as const, queues: { host: 'reprise-host-test', train: 'reprise-cpu-test' } }) as never,
    scanSource: async () => completed({ complete: true, blocking: 0, warnings: 0 }),
    pin: async () => completed({ dockerfiles: [], report: digest }),
    build: async () => completed({ images: [{ role: 'serve' as const, id: 'sha256:1', sizeBytes: 1 }, { role: 'train' as const, id: 'sha256:2', sizeBytes: 1 }] }),
    scanImages: async () => completed({ complete: true, blocking: 0, warnings: 0 }),
    storeImages: async () => completed({}),
    train: async () => completed({ output: digest, startedAt: submission.asOf.date, endedAt: submission.asOf.date, durationMs: 0 }),
    scanOutputs: async () => completed({ complete: true, blocking: 0, warnings: 0 }),
    upload: async () => completed({ objects: 1, bytes: 1 }),
    evaluate: async ({ stage }) => completed({ stage, counts, answers: digest, latencyMs: { p50: 1, p95: 2 }, tokensPerSecond: 40, firstAnswerMs: 3 }),
    score: async () => completed({ scores }),
    attest: async () =>
      completed({ manifestKey: 'runs/x/manifest.json', manifestSha256: digest, attestationKey: 'runs/x/attestation.dsse.json', logSequence: 0, publishable: true }),
    route: async ({ queues }) => ({ queues, isGone: false }),
    cleanUp: async () => {},
    ...replaced,
  };
}
