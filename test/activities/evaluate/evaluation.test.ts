import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { evaluate } from '../../../activities/evaluate/evaluation.ts';
import { openSealing } from '../../../activities/evaluate/sealing.ts';
import type { ServeWith } from '../../../activities/evaluate/serving.ts';
import { outcomeOf } from '../../../activities/failure.ts';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { getBlob } from '../../../activities/io/blobs.ts';
import type { StageContext } from '../../../activities/stage.ts';
import { Answer, type Submission, type SuiteStage } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { type Handler, reply, startAnswerServer } from './answer-server.ts';
import { writeSuite } from './suite-directory.ts';

const secret = 'zanzibar';
const hiddenIds = Array.from({ length: 20 }, (_, index) => `${secret}-${index}`);

/** Repeats the question in its answer, its log and its error. */
const gossip: Handler = ({ prompt }, response, count) =>
  count % 5 === 0 ? void response.writeHead(500).end(prompt) : reply(response, `You asked: ${prompt}`);

describe('the evaluate stage', () => {
  const store = memoryStore();
  let directory: string;
  let suite: string;
  let said: string[];
  let settings: { suiteKeyFile: string; scratchDirectory: string; secrets: object };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reprise-evaluate-'));
    settings = { suiteKeyFile: join(directory, 'suite.key'), scratchDirectory: join(directory, 'scratch'), secrets: {} };
    said = [];
    store.objects.clear();
    await writeFile(settings.suiteKeyFile, '5a'.repeat(32));
    await writeSuite(directory, { open: { sums: ['o3', 'o1', 'o2'] }, closed: { hidden: hiddenIds } });
    ({ suite } = await storeSuite({ store, settings }, directory, metricNames));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function run(stage: SuiteStage, handler: Handler, speaks: Pick<Submission, 'api' | 'model'> = {}): ReturnType<typeof evaluate> {
    const serveWith: ServeWith = (log) => async (use) => {
      await using server = await startAnswerServer(async (request, response, count) => {
        await log.writeLine(`serving ${request.prompt}`, `2030-01-01T00:00:00.${String(count).padStart(9, '0')}Z`);
        await handler(request, response, count);
      });
      return await use({ baseUrl: server.baseUrl, startedAt: new Date().toISOString(), alive: async () => server.running() });
    };
    const context: StageContext = {
      stage: `evaluate-${stage}`,
      run: 'r',
      workflowId: 'w',
      attempt: 1,
      signal: new AbortController().signal,
      cancelled: () => false,
      report: (progress) => void said.push(JSON.stringify(progress)),
    };
    const input = { run: 'r', workflowId: 'w', fresh: false, stage, suite, image: { role: 'serve', id: 'sha256:1', sizeBytes: 1 } } as const;
    const submission = { port: 80, readyTimeoutMs: 1_000, track: 'cpu', secrets: [] as string[], ...speaks } as Submission;
    return evaluate({ store, settings } as unknown as Parameters<typeof evaluate>[0], { ...input, submission }, context, serveWith);
  }

  test('stores one answer for each question, sorted by id, with counts, latency and log', async () => {
    const { result, logKey } = await run('open', ({ prompt }, response) => reply(response, prompt.toUpperCase()));
    const lines = Buffer.from(await getBlob(store, result.answers)).toString('utf8').trim().split('\n');
    expect(lines.map((line) => Answer.parse(JSON.parse(line)).id)).toEqual(['o1', 'o2', 'o3']);
    expect(result).toMatchObject({ stage: 'open', counts: { answered: 3, failed: 0, unanswered: 0 }, summary: '3/3 answered' });
    expect(result.latencyMs?.p95).toBeGreaterThanOrEqual(result.latencyMs?.p50 ?? Infinity);
    expect(result.artifacts.map(({ path, role }) => `${role} ${path}`)).toEqual(['answers answers/open.jsonl', 'log logs/evaluate-open.log', 'scan-report scans/evaluate-open.json']);
    expect(Buffer.from(store.objects.get(logKey ?? '') ?? []).toString('utf8')).toContain('serving What is o1?');
  });

  test('stores nothing of the open questions with the answers', async () => {
    const { result } = await run('open', (_request, response) => reply(response, 'forty-two'));
    expect(Buffer.from(await getBlob(store, result.answers)).toString('utf8')).not.toContain('What is');
  });

  test('asks the same questions of a server with OpenAI’s API, where the manifest says so', async () => {
    const chat: Handler = ({ messages }, response) => void response.end(JSON.stringify({ choices: [{ message: { content: JSON.stringify(messages) } }] }));
    const { result } = await run('open', chat, { api: 'openai-chat', model: 'm' });
    expect(result).toMatchObject({ counts: { answered: 3 } });
    expect(Buffer.from(await getBlob(store, result.answers)).toString('utf8')).toContain('What is o1?');
  });

  test('fails where no question was answered, with the reasons counted', async () => {
    const failed = await run('open', (_request, response) => void response.end('garbage')).catch((error: unknown) => outcomeOf(error));
    expect(failed).toMatchObject({ code: 'SERVE_NO_USABLE_ANSWER', message: 'none of 3 questions was answered: 3 not-json' });
    expect(failed).toHaveProperty('logKey', expect.stringContaining('cas/sha256/'));
  });

  test('leaves no trace of a closed question in store, progress or result, however the server repeats it', async () => {
    const { result } = await run('closed', gossip);
    expect(result.counts.answered).toBe(20);
    expect(JSON.stringify(result) + said.join()).not.toMatch(new RegExp(`${secret}|What is|You asked`));
    for (const [key, bytes] of store.objects) expect(`${key} ${Buffer.from(bytes).toString('latin1')}`).not.toContain(secret);
  });

  test('keeps the closed answers and the log for who has the key', async () => {
    const { result } = await run('closed', gossip);
    const sealing = await openSealing(settings, 'closed');
    const [answers, log] = await Promise.all(result.artifacts.slice(0, 2).map(async ({ sha256 }) => Buffer.from(sealing.open(await getBlob(store, sha256))).toString('utf8')));
    expect(answers).toContain(`You asked: What is ${secret}-7?`);
    expect(log).toContain(`serving What is ${secret}-7?`);
    expect(result.artifacts.map(({ mediaType }) => mediaType)).toEqual([...Array(2).fill('application/vnd.reprise.aes-256-gcm'), 'application/json']);
  });

  test('says nothing of a closed question where the stage fails', async () => {
    const failed = await run('closed', ({ prompt }, response) => void response.end(prompt)).catch((error: unknown) => outcomeOf(error));
    expect(failed).toMatchObject({ code: 'SERVE_NO_USABLE_ANSWER', message: 'none of 20 questions was answered: 20 not-json' });
    expect(JSON.stringify(failed)).not.toContain(secret);
  });

  test('needs the key for the closed stage', async () => {
    await rm(settings.suiteKeyFile);
    await expect(run('closed', gossip)).rejects.toMatchObject({ type: 'SUITE_KEY_MISSING' });
  });
});
