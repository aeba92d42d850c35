import { describe, expect, test } from 'vitest';
import { type Audience, diagnosisFor, type ItemDiagnosis, itemOf, type StageDiagnosis } from '../../../activities/report/diagnosis.ts';
import { deviationWords, latencyBuckets, latencyBoundsMs } from '../../../activities/report/taxonomy.ts';
import { failureReasons } from '../../../activities/evaluate/reply.ts';
import { type Answer, GenerationSettings, type StageScore, startStageScore, type SuiteStage, type SuiteStageContent } from '../../../domain/index.ts';
import { scoredStage } from '../../fixtures/suite-stage.ts';

const generation = GenerationSettings.parse({});
const contentOf = (stage: SuiteStage, ids: string[]): SuiteStageContent => ({
  stage,
  scenarios: [{ name: 'atlantis', questions: ids.map((id) => ({ id, prompt: `Where lies ${id}?`, references: [id], generation, metrics: ['exact_match'] })) }],
});
const answered = (id: string, latencyMs: number, more: Partial<Extract<Answer, { status: 'answered' }>> = {}): Answer => ({ status: 'answered', id, text: id, latencyMs, attempts: 1, ...more });
const answers: Answer[] = [
  answered('a', 50),
  answered('b', 250, { text: ' ', deviations: ['tokens-missing', 'Where lies b?' as never] }),
  { status: 'failed', id: 'c', reason: 'http-500', attempts: 3 },
  { status: 'failed', id: 'd', reason: 'Where lies d?', attempts: 3 },
  { status: 'unanswered', id: 'e' },
];
const ids = ['a', 'b', 'c', 'd', 'e'];

/** Bits that a spread of so many things over so many places can carry. */
function ways(things: number, places: number): number {
  return Array.from({ length: places - 1 }, (_, index) => Math.log2((things + index + 1) / (index + 1))).reduce((sum, bits) => sum + bits, 0);
}

type Seen = Omit<StageDiagnosis, 'items'> & { items?: ItemDiagnosis[] };

function diagnose(audience: Audience, stage: SuiteStage): Seen | undefined {
  const content = contentOf(stage, ids);
  const scorer = startStageScore(stage);
  const score: StageScore = { ...scoredStage({ ...content, stage: 'open' }, answers).score, stage };
  const items = content.scenarios.flatMap(({ name, questions }) =>
    questions.map((question) => {
      const answer = answers.find(({ id }) => id === question.id);
      return itemOf(scorer.add(name, question, answer), question, answer);
    }),
  );
  const [diagnosed] = diagnosisFor(audience, 'r', [{ score, seen: { answers, items, confidence: [] } }]).stages;
  return diagnosed as Seen | undefined;
}

describe('of the closed stage a submitter sees', () => {
  const seen = diagnose('submitter', 'closed');

  test('counts in the fixed words, whatever a server made of them', () => {
    expect(seen).toEqual({
      stage: 'closed',
      score: 0.2,
      counts: { answered: 2, failed: 2, unanswered: 1 },
      failures: { 'http-500': 1, other: 1 },
      deviations: { other: 1, 'tokens-missing': 1 },
      empty: 1,
      latency: latencyBuckets(answers, 0.1),
      tokensPerSecond: null,
    });
  });

  test('no text, no id, no scenario, no single result', () => {
    expect(JSON.stringify(seen)).not.toMatch(/lies|atlantis|"id"|"items"/);
  });

  test('latency in tenths, so that a server cannot say much by when it answers', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => answered(String(index), index < 13 ? 50 : 5_000));
    expect(latencyBuckets(many, 0.1).map(({ share }) => share)).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
  });

  test('how often answers depart from the API as the power of ten that it reaches', () => {
    const many = Array.from({ length: 60 }, (_, index) => answered(String(index), 1, { text: '', deviations: ['tokens-missing', ...(index < 9 ? ['logprob-missing'] : [])] }));
    const score = { stage: 'closed', score: 0, counts: { answered: 60, failed: 0, unanswered: 0 }, scenarios: [] } satisfies StageScore;
    const [told] = diagnosisFor('submitter', 'r', [{ score, seen: { answers: many, items: [], confidence: [] } }]).stages;
    expect(told).toMatchObject({ deviations: { 'logprob-missing': 1, 'tokens-missing': 10 }, empty: 10 });
  });

  test('less than 20 bytes that a hostile server can choose, over 5,000 questions', () => {
    // The questions spread over answered, unanswered and the reasons, latency tenths over the buckets, and a power of ten or none for
    // each way to depart from the API, another word among them, and for answers without a text.
    const powers = ['none', 1, 10, 100, 1_000].length;
    const bits = ways(5_000, failureReasons.length + 3) + ways(10, latencyBoundsMs.length + 1) + (deviationWords.size + 2) * Math.log2(powers);
    expect(bits / 8).toBeLessThan(20);
  });
});

test('of the open stage a submitter sees each question, as they are public', () => {
  expect(diagnose('submitter', 'open')?.items?.map(({ id, status }) => [id, status])).toEqual([['a', 'answered'], ['b', 'answered'], ['c', 'failed'], ['d', 'failed'], ['e', 'unanswered']]);
});

test('the organiser sees everything', () => {
  const items = diagnose('organiser', 'closed')?.items;
  expect(items?.[1]).toEqual({ id: 'b', scenario: 'atlantis', status: 'answered', metrics: { exact_match: 0 }, text: ' ', latencyMs: 250, attempts: 1, deviations: ['tokens-missing', 'Where lies b?'], prompt: 'Where lies b?', references: ['b'] });
  expect(items?.[4]).toMatchObject({ id: 'e', status: 'unanswered' });
});

test('without the key the closed stage is told by its counts, and the rest is null, not zero', () => {
  const score = { stage: 'closed', score: 0.5, counts: { answered: 1, failed: 1, unanswered: 0 }, scenarios: [] } satisfies StageScore;
  expect(diagnosisFor('organiser', 'r', [{ score, seen: undefined }]).stages).toEqual([{ stage: 'closed', score: 0.5, counts: score.counts, failures: null, deviations: null, empty: null, latency: null, tokensPerSecond: null }]);
});
