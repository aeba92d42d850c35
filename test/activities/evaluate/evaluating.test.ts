import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../fakes/memory-store.ts';
import { answerTo, honest, parallel, serial } from './answer-server.ts';
import { always, evaluate, statuses } from './attempt.ts';
import { question, questions } from './questions.ts';

describe('evaluating a stage', () => {
  test('gives each question the answer to its own prompt, sorted by id', async () => {
    const { answers, messages } = await evaluate([always(honest)], { count: 200 });
    expect(answers.map((answer) => answer.id)).toEqual(questions(200).map((each) => each.id));
    for (const [index, each] of questions(200).entries()) expect(answers[index]).toMatchObject({ text: answerTo(each.prompt) });
    expect(messages.at(-1)).toBe('200/200 answered');
  });

  test('asks a prompt that several questions share once', async () => {
    const same = { prompt: 'the same prompt' };
    const twice = [question('a', same), question('b', same), question('c')];
    const { answers, asked, messages } = await evaluate([always(honest)], { asked: twice });
    expect(asked.sort()).toEqual(['What is c?', 'the same prompt']);
    expect(answers.map(({ id, status }) => `${id} ${status}`)).toEqual(['a answered', 'b answered', 'c answered']);
    expect(messages.at(-1)).toBe('3/3 answered');
  });

  test('finds that a server is serial, and piles no questions up before it', async () => {
    const { most, answers } = await evaluate([always(serial(50))], { count: 60 });
    expect(statuses(answers)).toEqual({ answered: 60 });
    expect(most).toBeLessThanOrEqual(16);
  });

  test('uses a parallel server', async () => {
    const { most } = await evaluate([always(parallel(100))], { count: 160 });
    expect(most).toBe(64);
  });

  test('asks again after a 500 while others go on, and gives the rest its answers', async () => {
    const broken = new Set(['What is q0003?', 'What is q0007?']);
    const { answers, asked } = await evaluate([
      always((request, response) => (broken.has(request.prompt) ? void response.writeHead(500).end('boom') : honest(request, response, 0))),
    ]);
    expect(statuses(answers)).toEqual({ answered: 38, 'http-500': 2 });
    expect(answers[3]).toEqual({ status: 'failed', id: 'q0003', reason: 'http-500', attempts: 3 });
    expect(asked.filter((prompt) => broken.has(prompt))).toHaveLength(6);
  });

  test('recovers from failures that pass', async () => {
    const { answers } = await evaluate([
      always((request, response, count) => (count % 3 === 0 ? void response.writeHead(503).end() : honest(request, response, count))),
    ], { bounds: { questionAttempts: 20 } });
    expect(statuses(answers)).toEqual({ answered: 40 });
  });

  test('counts a server that answers nothing usable by its reasons', async () => {
    const { answers } = await evaluate([always((_request, response) => void response.end('garbage'))]);
    expect(statuses(answers)).toEqual({ 'not-json': 40 });
  });

  test('stops at the deadline; what came counts, the rest is unanswered', async () => {
    const { answers, ended } = await evaluate([always(serial(20))], { timeMs: 300 });
    const counts = statuses(answers);
    expect(counts['answered']).toBeGreaterThan(5);
    expect(counts['unanswered']).toBeGreaterThan(5);
    expect(ended).toBe('the time was over');
  });

  test('has the same deadline in the next attempt', async () => {
    const store = memoryStore();
    const first = await evaluate([always(serial(20))], { store, timeMs: 300 });
    const second = await evaluate([always(honest)], { store, timeMs: 60_000 });
    expect(second.asked).toEqual([]);
    expect(second.answers).toEqual(first.answers);
  });
});
