import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAnswerJournal } from '../../../activities/evaluate/journal.ts';
import { unsealed } from '../../../activities/evaluate/sealing.ts';
import { parseSegment } from '../../../activities/evaluate/segment.ts';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { createDirectoryStore } from '../../../activities/io/directory.ts';
import { answerJournalKey, limits } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { testSpool } from '../../fakes/test-spool.ts';
import { answerTo, type Handler, parallel, reply, startAnswerServer } from './answer-server.ts';
import { writeSuite } from './suite-directory.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'bench', 'stage.ts');
const questions = Array.from({ length: 600 }, (_, index) => `q${index}`);
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-killed-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a process that is killed with SIGKILL while it asks loses the answers in flight at most, and no stored one is asked again', async () => {
  const store = createDirectoryStore(join(directory, 'store'));
  await writeSuite(join(directory, 'suite'), { open: { numbers: questions } });
  const { suite } = await storeSuite({ store, settings: { suiteKeyFile: join(directory, 'none') } }, join(directory, 'suite'), metricNames);
  const evaluating = (url: string): ChildProcess => spawn(process.execPath, [program, 'evaluate', join(directory, 'store'), suite, url], { stdio: ['ignore', 'pipe', 'inherit'] });

  let answered = 0;
  const killing: Handler = async (request, response, count) => {
    await parallel(5)(request, response, count);
    answered += 1;
    if (answered === 300) child.kill('SIGKILL');
  };
  await using first = await startAnswerServer(killing);
  const child = evaluating(first.baseUrl);
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);

  const { inputs } = parseSegment('first', (await store.get(answerJournalKey('bench', 'evaluate-open', 0))) ?? new Uint8Array());
  const kept = await openAnswerJournal(store, { run: 'bench', stage: 'evaluate-open', inputs }, unsealed, testSpool());
  expect(kept.answered.size).toBeGreaterThanOrEqual(300 - 2 * limits.questionsInFlightMost);

  await using second = await startAnswerServer(({ prompt }, response) => reply(response, answerTo(prompt)));
  const again = evaluating(second.baseUrl);
  const { counts } = JSON.parse(await text(again.stdout as NonNullable<ChildProcess['stdout']>)) as { counts: unknown };
  expect(counts).toEqual({ answered: 600, failed: 0, unanswered: 0 });
  const idOf = (prompt: string): string => /q\d+/.exec(prompt)?.[0] ?? '';
  expect(second.requests.map(({ prompt }) => idOf(prompt)).sort()).toEqual(questions.filter((id) => !kept.answered.has(id)).sort());
}, 60_000);
