import { expect, test } from 'vitest';
import { levelOf } from '../../../activities/audit/problems.ts';
import { checkScores, type Recomputed, type Rescoring } from '../../../activities/audit/rescore.ts';
import { failure } from '../../../activities/failure.ts';
import type { RunManifest, RunScores, StageScore, Statement } from '../../../domain/index.ts';
import { openScore } from '../../fakes/attested-run.ts';

const closedScore: StageScore = { ...openScore, stage: 'closed', score: 0.25 };
const stored: RunScores = { schema: 'reprise.run-scores/v1', open: openScore, closed: closedScore, full: 1 / 3, claim: null };
const answers = { open: 'a'.repeat(64), closed: 'b'.repeat(64) };
const manifest = { artifacts: Object.values(answers).map((sha256) => ({ sha256 })) } as RunManifest;
const scored = { suite: 'c'.repeat(64), submission: {}, evaluations: (['open', 'closed'] as const).map((stage) => ({ stage, answers: answers[stage] })) };

function check(recomputed: Partial<Recomputed>, options: { scores?: RunScores | null; scored?: typeof scored | undefined } = {}): Promise<Rescoring> {
  const scores = 'scores' in options ? options.scores : stored;
  const statement = { predicate: { reprise_verdict: { scores } } } as unknown as Statement;
  const history = 'scored' in options ? options.scored : scored;
  return checkScores(manifest, statement, history, async () => ({ open: openScore, closed: closedScore, notes: {}, ...recomputed }));
}

test('the same figures: L1', async () => {
  const { rescored, problems } = await check({});
  expect(rescored).toEqual({
    identical: true,
    stages: [
      { stage: 'open', stored: 0.5, recomputed: 0.5 },
      { stage: 'closed', stored: 0.25, recomputed: 0.25 },
    ],
  });
  expect(levelOf(problems, rescored)).toBe('L1');
});

test('a stage whose key is not given is said; the rest holds, at L0', async () => {
  const { rescored, problems } = await check({ closed: null, notes: { closed: 'not recomputed: key not given' } });
  expect(problems).toEqual([]);
  expect(rescored?.identical).toBe(true);
  expect(rescored?.stages[1]).toEqual({ stage: 'closed', stored: 0.25, recomputed: null, note: 'not recomputed: key not given' });
  expect(levelOf(problems, rescored)).toBe('L0');
});

test.each<[string, StageScore]>([
  ['another score', { ...closedScore, score: 0.3 }],
  ['the same score and another count', { ...closedScore, counts: { answered: 1, failed: 0, unanswered: 1 } }],
])('%s differs, and names its stage', async (_, closed) => {
  const { rescored, problems } = await check({ closed });
  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['rescore-differs closed']);
  expect(rescored?.identical).toBe(false);
  expect(levelOf(problems, rescored)).toBe('L0');
});

test('another weighted sum of the same stages differs', async () => {
  const { rescored, problems } = await check({ whole: { ...stored, full: 0.5 } });
  expect(problems).toMatchObject([{ code: 'rescore-differs', path: 'full' }]);
  expect(rescored?.identical).toBe(false);
});

test('answers that the manifest does not list are not scored', async () => {
  const foreign = { ...scored, evaluations: [{ stage: 'open' as const, answers: 'd'.repeat(64) }] };
  expect((await check({}, { scored: foreign })).problems).toMatchObject([{ code: 'rescore-differs', path: 'scores' }]);
});

test('a history that does not say what was scored is a problem', async () => {
  expect((await check({}, { scored: undefined })).problems).toMatchObject([{ code: 'rescore-differs' }]);
});

test('answers that cannot be read are a problem, and an unreachable store is not', async () => {
  const statement = { predicate: { reprise_verdict: { scores: stored } } } as unknown as Statement;
  const failing = (code: 'STORE_CORRUPT' | 'STORE_UNREACHABLE'): Promise<Rescoring> =>
    checkScores(manifest, statement, scored, () => Promise.reject(failure(code, 'answers')));
  expect((await failing('STORE_CORRUPT')).problems).toMatchObject([{ code: 'rescore-differs', message: 'answers' }]);
  await expect(failing('STORE_UNREACHABLE')).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
});

test('a run that ended before its score has nothing to rescore', async () => {
  expect(await check({}, { scores: null })).toEqual({ problems: [] });
});
