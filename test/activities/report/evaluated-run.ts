import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluate } from '../../../activities/evaluate/evaluation.ts';
import type { ServeWith } from '../../../activities/evaluate/serving.ts';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { artifactOf, putBlob } from '../../../activities/io/blobs.ts';
import type { RunSource } from '../../../activities/report/collect.ts';
import type { RescoreInput } from '../../../activities/score/index.ts';
import { score } from '../../../activities/score/score.ts';
import { type Artifact, attestationKey, canonicalBytes, manifestKey, manifestOf, mediaTypes, type Run, type RunScores, type StageProgress, type Submission, type SuiteStage } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { recordOutcome, scoreOf } from '../../../workflows/record.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { type Handler, startAnswerServer } from '../evaluate/answer-server.ts';

export interface TestQuestion {
  id: string;
  prompt: string;
  references: string[];
  metrics?: string[];
  choices?: Record<string, string>;
  groupMetrics?: string[];
  tags?: string[];
  perturbation?: { name: string; kind: string; of: string };
}
export type TestSuite = Partial<Record<SuiteStage, Record<string, TestQuestion[]>>>;

export interface EvaluatedRun extends RunSource {
  store: ReturnType<typeof memoryStore>;
  scores: RunScores;
  /** What they were computed from. */
  scored: RescoreInput;
  /** As the workflow would record it. */
  state: Run;
  /** Heartbeats and signals, as they were said. */
  said: Omit<StageProgress, 'at' | 'stage'>[];
  /** What the closed stage gives to Temporal, whose data its submitter may read. */
  closedResult: string;
}

/** Evaluates and scores a suite with the real stages against a real server, and writes the run's manifest; what stands for its attestation states nothing. */
export async function evaluatedRun(directory: string, run: string, suite: TestSuite, handler: Handler, store = memoryStore()): Promise<EvaluatedRun> {
  const settings = { suiteKeyFile: join(directory, 'suite.key'), scratchDirectory: join(directory, 'scratch'), secrets: {} };
  await writeFile(settings.suiteKeyFile, '5a'.repeat(32));
  const suiteDirectory = join(directory, `suite-${run}`);
  await writeSuite(suiteDirectory, suite);
  const kept = await storeSuite({ store, settings }, suiteDirectory, metricNames);
  const submission = { port: 80, readyTimeoutMs: 1_000, track: 'cpu', name: 'entry', secrets: [] as string[] } as Submission;
  const state = newState(run);
  const said: EvaluatedRun['said'] = [];
  const dependencies = { store, settings } as unknown as Parameters<typeof evaluate>[0];
  const evaluations: { stage: SuiteStage; answers: string }[] = [];
  const artifacts: Artifact[] = [...kept.artifacts];
  let closedResult = '';
  for (const stage of Object.keys(kept.stored.stages) as SuiteStage[]) {
    const input = { run, workflowId: 'w', fresh: false, stage, suite: kept.suite, image: { role: 'serve', id: 'sha256:1', sizeBytes: 1 }, submission } as const;
    const context = { stage: `evaluate-${stage}`, run, workflowId: 'w', attempt: 1, signal: new AbortController().signal, cancelled: () => false, report: (progress: EvaluatedRun['said'][number]) => void said.push(progress) } as const;
    const { result, logKey } = await evaluate(dependencies, input, context, serveWith(handler));
    record(state, `evaluate-${stage}`, result, logKey);
    if (stage === 'closed') closedResult = JSON.stringify(result);
    evaluations.push({ stage, answers: result.answers });
    artifacts.push(...result.artifacts);
  }
  const { result } = await score(dependencies, { run, workflowId: 'w', fresh: false, suite: kept.suite, evaluations, submission });
  record(state, 'score', result, undefined);
  state.score = scoreOf(result.scores);
  const history = artifactOf(await putBlob(store, trainedHistory(90_000), mediaTypes.json), 'history.json', 'history');
  await store.putIfAbsent(manifestKey(run), canonicalBytes(manifestOf(run, [...artifacts, ...result.artifacts, history])), mediaTypes.json);
  await store.putIfAbsent(attestationKey(run), Buffer.from('{}'), mediaTypes.json);
  const scored = { suite: kept.suite, answers: evaluations.map(({ stage, answers }) => ({ stage, sha256: answers })) };
  return { run, store, settings, scored, scores: result.scores, state, said, closedResult };
}

function serveWith(handler: Handler): ServeWith {
  return (log) => async (use) => {
    await using server = await startAnswerServer(async (request, response, count) => {
      await log.writeLine(`serving ${request.prompt}`, `2030-01-01T00:00:00.${String(count).padStart(9, '0')}Z`);
      await handler(request, response, count);
    });
    return await use({ baseUrl: server.baseUrl, startedAt: new Date().toISOString(), alive: async () => server.running() });
  };
}

async function writeSuite(directory: string, suite: TestSuite): Promise<void> {
  for (const [stage, scenarios] of Object.entries(suite)) {
    await mkdir(join(directory, stage), { recursive: true });
    for (const [scenario, questions] of Object.entries(scenarios)) {
      const lines = questions.map((question) => JSON.stringify({ metrics: ['quasi_exact_match', 'exact_match'], ...question }));
      await writeFile(join(directory, stage, `${scenario}.jsonl`), `${lines.join('\n')}\n`);
    }
  }
}

function newState(run: string): Run {
  const stages = (['evaluate-open', 'evaluate-closed', 'score'] as const).map((name) => ({ name, status: 'waiting' as const, startedAt: null, endedAt: null, cached: false, outcome: null }));
  return { schema: 'reprise.run/v1', run, workflowId: 'w', name: 'entry', track: 'cpu', source: { digest: '', origin: '' }, status: 'completed', stages, uiUrl: '' };
}

function record(state: Run, name: string, result: { summary: string }, logKey: string | undefined): void {
  const entry = state.stages.find((stage) => stage.name === name);
  if (entry) recordOutcome(entry, { status: 'completed', cached: false, result, ...(logKey === undefined ? {} : { logKey }) }, '2030-01-01T00:00:00.000Z');
}

/** A history in proto3 JSON in which a training took so long. */
function trainedHistory(durationMs: number): Uint8Array {
  const data = Buffer.from(JSON.stringify({ status: 'completed', cached: false, result: { durationMs } })).toString('base64');
  const events = [
    { eventId: '7', activityTaskScheduledEventAttributes: { activityType: { name: 'train' } } },
    { eventId: '9', activityTaskCompletedEventAttributes: { scheduledEventId: '7', result: { payloads: [{ data }] } } },
  ];
  return Buffer.from(JSON.stringify({ events }));
}
