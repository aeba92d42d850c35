import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSealing } from '../../../activities/evaluate/sealing.ts';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { getBlob, putBlob } from '../../../activities/io/blobs.ts';
import { rescore } from '../../../activities/score/rescore.ts';
import { score } from '../../../activities/score/score.ts';
import { type Answer, canonicalJson, type Submission, type SuiteStage } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { writeSuite } from '../evaluate/suite-directory.ts';

const submission = { claim: { open: 0.9, tolerance: 0.01 } } as Submission;
const answer = (id: string, text: string): Answer => ({ status: 'answered', id, text, latencyMs: 1, attempts: 1 });

describe('the score stage', () => {
  const store = memoryStore();
  let directory: string;
  let settings: { suiteKeyFile: string };
  let suite: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reprise-score-'));
    settings = { suiteKeyFile: join(directory, 'suite.key') };
    await writeFile(settings.suiteKeyFile, '5a'.repeat(32));
    await writeSuite(directory, { open: { sums: ['o1', 'o2'] }, closed: { hidden: ['c1', 'c2'] } });
    ({ suite } = await storeSuite({ store, settings }, directory, metricNames));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function keep(stage: SuiteStage, answers: Answer[]): Promise<{ stage: SuiteStage; answers: string }> {
    const sealing = await openSealing(settings, stage);
    const lines = answers.map((each) => `${canonicalJson(each)}\n`).join('');
    return { stage, answers: (await putBlob(store, sealing.seal(Buffer.from(lines)), sealing.mediaType)).sha256 };
  }
  const run = { run: 'r', workflowId: 'w', fresh: false };
  const scored = (evaluations: Awaited<ReturnType<typeof keep>>[]): ReturnType<typeof score> =>
    score({ store, settings } as unknown as Parameters<typeof score>[0], { ...run, suite, evaluations, submission });

  test('keeps the scores and each question’s values, the closed ones sealed', async () => {
    const open = await keep('open', [answer('o1', 'o1'), answer('o2', 'wrong')]);
    const closed = await keep('closed', [answer('c1', 'c1'), { status: 'unanswered', id: 'c2' }]);
    const { result } = await scored([open, closed]);
    expect(result.scores).toMatchObject({ full: 0.5, open: { score: 0.5 }, closed: { score: 0.5, counts: { answered: 1, unanswered: 1 } } });
    expect(result.summary).toBe('full 0.500 (open 0.500, closed 0.500 with 1 questions without an answer), the claim of 0.900 holds');
    const read = async (path: string): Promise<string> => {
      const artifact = result.artifacts.find((each) => each.path === path);
      return Buffer.from(await getBlob(store, artifact?.sha256 ?? '')).toString('utf8');
    };
    expect(JSON.parse(await read('scores/scores.json'))).toEqual(result.scores);
    expect(await read('scores/items-open.jsonl')).toContain('"id":"o2","metrics":{"exact_match":0}');
    expect(await read('scores/items-closed.jsonl')).not.toContain('c1');
  });

  test('gives an audit the same scores from the stored answers', async () => {
    const evaluations = [await keep('open', [answer('o1', 'o1'), answer('o2', 'o2')]), await keep('closed', [answer('c1', ''), answer('c2', 'c2')])];
    const { result } = await scored(evaluations);
    const answers = evaluations.map((each) => ({ stage: each.stage, sha256: each.answers }));
    const again = await rescore({ store, settings }, { suite, answers, claim: submission.claim });
    expect(again).toEqual(result.scores);
  });

  test('counts a stage without stored answers as unanswered, not as absent', async () => {
    const { result } = await scored([await keep('open', [answer('o1', 'o1'), answer('o2', 'o2')])]);
    expect(result.scores.full).toBeCloseTo(1 / 3);
    expect(result.scores.closed?.counts).toEqual({ answered: 0, failed: 0, unanswered: 2 });
  });

  test.each<[string, Answer[]]>([
    ['an added answer', [answer('o1', ''), answer('o2', ''), answer('o3', '')]],
    ['an answer twice', [answer('o1', ''), answer('o2', ''), answer('o2', 'o2')]],
    ['a missing answer', [answer('o1', '')]],
    ['an answer to another question', [answer('o1', ''), answer('c1', '')]],
  ])('refuses %s', async (_name, answers) => {
    await expect(scored([await keep('open', answers)])).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
  });

  test('names a broken line without its text', async () => {
    const blob = await putBlob(store, Buffer.from('{"status":"answered","id":"o1"\n'), 'x');
    await expect(scored([{ stage: 'open', answers: blob.sha256 }])).rejects.toThrow(/^line 1 of the answers [0-9a-f]{64} is no answer$/);
  });
});
