import { describe, expect, test } from 'vitest';
import { bootstrapInterval, compareClaim } from '../../domain/claim.ts';
import { type Answer, GenerationSettings, type Question, RunScores, runScores, type SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import { seededRandom, shuffled } from '../../domain/random.ts';
import { scoredStage } from '../fixtures/suite-stage.ts';

const question = (id: string, fields: Partial<Question> = {}): Question => ({
  id,
  prompt: `prompt of ${id}`,
  references: ['yes'],
  generation: GenerationSettings.parse({}),
  metrics: ['quasi_exact_match', 'exact_match'],
  ...fields,
});
const answered = (id: string, text: string): Answer => ({ status: 'answered', id, text, latencyMs: 1, attempts: 1 });
const stageOf = (stage: SuiteStage, scenarios: Record<string, Question[]>): SuiteStageContent => ({
  stage,
  scenarios: Object.entries(scenarios).map(([name, questions]) => ({ name, questions })),
});

const open = stageOf('open', { small: [question('a'), question('b')], large: ['c', 'd', 'e', 'f'].map((id) => question(id)) });
const closed = stageOf('closed', { hidden: [question('x'), question('y')] });
const openAnswers: Answer[] = [
  answered('a', 'yes'),
  answered('b', 'Yes.'),
  answered('c', 'no'),
  { status: 'failed', id: 'd', reason: 'http-500', attempts: 3 },
  { status: 'unanswered', id: 'e' },
  answered('f', 'yes'),
];

describe('the scores of a run', () => {
  const scores = runScores(scoredStage(open, openAnswers), scoredStage(closed, [answered('x', 'yes')]));

  test('are means of questions by scenario, of scenarios by stage, and 1/3 open + 2/3 closed', () => {
    expect(scores.open.scenarios.map(({ name, score }) => [name, score])).toEqual([['small', 1], ['large', 0.25]]);
    expect(scores.open.score).toBe(0.625);
    expect(scores.closed?.score).toBe(0.5);
    expect(scores.full).toBe((1 / 3) * 0.625 + (2 / 3) * 0.5);
    expect(RunScores.parse(scores)).toEqual(scores);
  });

  test('have every metric’s mean, the first of which is the scenario’s score', () => {
    expect(scores.open.scenarios[0]?.metrics).toEqual({ quasi_exact_match: 1, exact_match: 0.5 });
  });

  test('count failed and unanswered apart from wrong, and all three as 0', () => {
    expect(scores.open.counts).toEqual({ answered: 4, failed: 1, unanswered: 1 });
    expect(scores.open.scenarios[1]?.counts).toEqual({ answered: 2, failed: 1, unanswered: 1 });
    expect(scoredStage(open, openAnswers).items.map(({ id, status, metrics }) => [id, status, metrics['exact_match']])).toEqual([
      ['a', 'answered', 1],
      ['b', 'answered', 0],
      ['c', 'answered', 0],
      ['d', 'failed', 0],
      ['e', 'unanswered', 0],
      ['f', 'answered', 1],
    ]);
  });

  test('treat a question without a stored answer as unanswered', () => {
    expect(scores.closed?.counts).toEqual({ answered: 1, failed: 0, unanswered: 1 });
  });

  test('are the open score alone where the suite has no closed stage', () => {
    const alone = runScores(scoredStage(open, openAnswers), undefined);
    expect(alone).toMatchObject({ closed: null, full: alone.open.score, claim: null });
  });

  test('take a multiple-choice letter for the text it stands for', () => {
    const choice = question('m', { references: ['Paris'], choices: { A: 'Paris', B: 'Rome' }, metrics: ['exact_match'] });
    const score = (text: string): number => scoredStage(stageOf('open', { s: [choice] }), [answered('m', text)]).score.score;
    expect([' A', 'B', 'Paris'].map(score)).toEqual([1, 0, 0]);
  });
});

describe('a claim', () => {
  const values = [Array.from({ length: 100 }, (_, index) => (index < 90 ? 1 : 0))];

  test.each([
    ['what was measured', 0.9, true],
    ['less than measured', 0.5, true],
    ['within the tolerance, in binary too', 0.92, true],
    ['within the interval', 0.95, true],
    ['above both', 0.97, false],
  ])('of %s', (_name, open, holds) => {
    expect(compareClaim({ open }, 0.9, values)).toMatchObject({ claimed: open, measured: 0.9, tolerance: 0.02, holds });
  });

  test('holds within a tolerance that the submission names', () => {
    expect(compareClaim({ open: 0.97, tolerance: 0.07 }, 0.9, values).holds).toBe(true);
  });

  test('has an interval near the binomial one, the same each time', () => {
    const [low, high] = bootstrapInterval(values);
    expect(low).toBeCloseTo(0.9 - 1.96 * Math.sqrt(0.09 / 100), 1);
    expect(high).toBeCloseTo(0.9 + 1.96 * Math.sqrt(0.09 / 100), 1);
    expect(bootstrapInterval(values)).toEqual([low, high]);
  });
});

describe('seeded randomness', () => {
  test('gives the same digits for the same seed on every machine', () => {
    const random = seededRandom('seed');
    expect([random(), random(), random()]).toEqual([0.2388327803928405,0.25021402491256595,0.2818080729339272]);
  });

  test('is even', () => {
    const random = seededRandom('even');
    const bins = new Uint32Array(10);
    for (let draw = 0; draw < 100_000; draw += 1) {
      const bin = Math.floor(random() * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    for (const bin of bins) expect(Math.abs(bin - 10_000)).toBeLessThan(500);
  });

  test('shuffles without loss', () => {
    const numbers = Array.from({ length: 1_000 }, (_, index) => index);
    const mixed = shuffled(numbers, seededRandom('mix'));
    expect(mixed).not.toEqual(numbers);
    expect(mixed.toSorted((a, b) => a - b)).toEqual(numbers);
  });
});
