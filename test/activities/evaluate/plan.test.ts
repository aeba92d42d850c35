import { describe, expect, test } from 'vitest';
import { answersOf, countAnswers, latencyOf, missingInquiries, planQuestions } from '../../../activities/evaluate/plan.ts';
import type { Answer } from '../../../domain/index.ts';
import { openStage, question, questions } from './questions.ts';

const answered = (id: string, latencyMs = 1): Answer => ({ status: 'answered', id, text: 'x', latencyMs, attempts: 1 });

const content = openStage({ first: questions(50, 'a'), second: questions(50, 'b') });
const ids = (seed: string): string[] => planQuestions(content, seed).inquiries.map((each) => each.id);

describe('the plan of a stage', () => {
  test('has the same order for the same seed, another one for another seed, and every question once', () => {
    expect(ids('seed')).toEqual(ids('seed'));
    expect(ids('seed')).not.toEqual(ids('other'));
    expect(ids('seed').sort()).toEqual([...questions(50, 'a'), ...questions(50, 'b')].map((each) => each.id));
  });

  test('mixes the scenarios, so that a deadline does not hit one', () => {
    const half = planQuestions(content, 'seed').inquiries.slice(0, 50);
    const first = half.filter((each) => each.id.startsWith('a')).length;
    expect(first).toBeGreaterThan(15);
    expect(first).toBeLessThan(35);
  });

  test('asks the same prompt with the same settings once, and with other settings again', () => {
    const same = { prompt: 'same' };
    const generation = { ...question('x').generation, maxNewTokens: 7 };
    const plan = planQuestions(openStage({ s: [question('a', same), question('b', same), question('c', { ...same, generation })] }), '');
    expect(plan.questions).toBe(3);
    expect(plan.inquiries.map(({ id, alike }) => [id, ...alike].join()).sort()).toEqual(['a,b', 'c']);
    expect(answersOf(plan, new Map([['a', answered('a')]])).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'a answered',
      'b answered',
      'c unanswered',
    ]);
  });

  test('leaves out what is answered', () => {
    const plan = planQuestions(content, 'seed');
    const known = new Map(plan.inquiries.slice(0, 30).map(({ id }) => [id, answered(id)]));
    expect(missingInquiries(plan, known)).toEqual(plan.inquiries.slice(30));
    expect(countAnswers(answersOf(plan, known))).toEqual({ answered: 30, failed: 0, unanswered: 70 });
  });
});

describe('latency', () => {
  test('is the nearest rank of the answered questions', () => {
    const answers = Array.from({ length: 100 }, (_, index) => answered(String(index), index + 1));
    expect(latencyOf([...answers, { status: 'unanswered', id: 'x' }])).toEqual({ p50: 50, p95: 95 });
    expect(latencyOf([answered('a', 7)])).toEqual({ p50: 7, p95: 7 });
  });

  test('is null where nothing was answered', () => {
    expect(latencyOf([{ status: 'failed', id: 'x', reason: 'timeout', attempts: 3 }])).toBeNull();
  });
});
