import { describe, expect, test } from 'vitest';
import { answersOf, countAnswers, countReasons, missingInquiries, planQuestions, type QuestionPlan } from '../../../activities/evaluate/plan.ts';
import { type AnswerShelf, createAnswerShelf } from '../../../activities/evaluate/shelf.ts';
import type { Answer } from '../../../domain/index.ts';
import { testSpool } from '../../fakes/test-spool.ts';
import { question, questions } from './questions.ts';

const answered = (id: string): Answer => ({ status: 'answered', id, text: 'x', latencyMs: 1, attempts: 1 });

const asked = [...questions(50, 'a'), ...questions(50, 'b')];
const planned = (seed: string): Promise<QuestionPlan> => planQuestions(asked, seed, testSpool());
const ids = async (seed: string): Promise<string[]> => (await planned(seed)).inquiries.map((each) => each.id);

function shelfOf(answers: Answer[]): AnswerShelf {
  const shelf = createAnswerShelf(testSpool());
  for (const answer of answers) shelf.add(answer);
  return shelf;
}

describe('the plan of a stage', () => {
  test('has the same order for the same seed, another one for another seed, and every question once', async () => {
    expect(await ids('seed')).toEqual(await ids('seed'));
    expect(await ids('seed')).not.toEqual(await ids('other'));
    expect((await ids('seed')).sort()).toEqual(asked.map((each) => each.id));
  });

  test('mixes the scenarios, so that a deadline does not hit one', async () => {
    const half = (await ids('seed')).slice(0, 50);
    const first = half.filter((each) => each.startsWith('a')).length;
    expect(first).toBeGreaterThan(15);
    expect(first).toBeLessThan(35);
  });

  test('asks the same prompt with the same settings once, and with other settings again', async () => {
    const same = { prompt: 'same' };
    const generation = { ...question('x').generation, maxNewTokens: 7 };
    const plan = await planQuestions([question('a', same), question('b', same), question('c', { ...same, generation })], '', testSpool());
    expect(plan.questions).toBe(3);
    expect(plan.inquiries.map(({ id, alike }) => [id, ...alike].join()).sort()).toEqual(['a,b', 'c']);
    expect([...answersOf(plan, shelfOf([answered('a')]))].map(({ id, status }) => `${id} ${status}`)).toEqual(['a answered', 'b answered', 'c unanswered']);
    expect(countAnswers(plan, shelfOf([answered('a')]))).toEqual({ answered: 2, failed: 0, unanswered: 1 });
  });

  test('says what each of its inquiries sends', async () => {
    const window = { tokens: 100, examples: [[0, 3] as [number, number]] };
    const plan = await planQuestions([question('a', { prompt: 'é\u2028😀' }), question('b', { window })], 'seed', testSpool());
    const sent = plan.inquiries.map((each) => plan.inquiry(each)).sort((a, b) => (a.id < b.id ? -1 : 1));
    const { generation } = question('x');
    expect(sent).toEqual([{ id: 'a', prompt: 'é\u2028😀', generation }, { id: 'b', prompt: 'What is b?', generation, window }]);
  });

  test('leaves out what is answered, and counts why the others have no answer', async () => {
    const plan = await planned('seed');
    const failed = { status: 'failed', reason: 'http-500', attempts: 3 } as const;
    const shelf = shelfOf(plan.inquiries.slice(0, 30).map(({ id }, index) => (index < 2 ? { ...failed, id } : answered(id))));
    expect(missingInquiries(plan, shelf)).toEqual(plan.inquiries.slice(30));
    expect(countAnswers(plan, shelf)).toEqual({ answered: 28, failed: 2, unanswered: 70 });
    expect(countReasons(plan, shelf)).toEqual({ 'http-500': 2, unanswered: 70 });
  });
});
