import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openAnswerJournal } from '../../../activities/evaluate/journal.ts';
import { unsealed } from '../../../activities/evaluate/sealing.ts';
import { failure } from '../../../activities/failure.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { testSpool } from '../../fakes/test-spool.ts';
import { answerTo, honest, reply, serial } from './answer-server.ts';
import { always, evaluate, type MakeHandler, statuses } from './attempt.ts';
import { createGate } from './gate.ts';

const diesAfter = (answers: number): MakeHandler => (die) => (request, response, count) => {
  if (count >= answers) die();
  else reply(response, answerTo(request.prompt));
};
const killedBy = (prompt: string): MakeHandler => (die) => (request, response) => {
  if (request.prompt === prompt) die();
  else reply(response, answerTo(request.prompt));
};
const neverUp: MakeHandler = () => {
  throw failure('SERVE_EXITED', 'the server ended with exit code 1');
};
const killedAtStart: MakeHandler = () => {
  throw failure('ENGINE_LOST_CONTAINER', 'the server was killed');
};

describe('a server that dies', () => {
  test('is started again, and only what is missing is asked', async () => {
    const { answers, deaths, asked } = await evaluate([diesAfter(10), always(honest)]);
    expect(statuses(answers)).toEqual({ answered: 40 });
    expect(deaths).toBe(1);
    expect(asked.length).toBeLessThanOrEqual(40 + 16);
  });

  test('is not started for ever; what it did not answer is unanswered', async () => {
    const { answers, deaths, ended } = await evaluate([diesAfter(1)], { bounds: { serverRestarts: 2 } });
    expect(deaths).toBe(3);
    expect(ended).toBe('the server was not started again');
    expect(statuses(answers)['unanswered']).toBeGreaterThan(30);
  });

  test('keeps its answers where it does not come up again', async () => {
    const { answers, ended } = await evaluate([diesAfter(10), neverUp]);
    expect(statuses(answers)['answered']).toBeGreaterThan(5);
    expect(ended).toBe('the server did not come up again');
  });

  test('costs only the question that kills it', async () => {
    const { answers, deaths } = await evaluate([killedBy('What is q0020?')]);
    expect(statuses(answers)).toEqual({ answered: 39, connection: 1 });
    expect(answers[20]).toMatchObject({ id: 'q0020', status: 'failed', attempts: 3 });
    expect(deaths).toBe(3);
  });

  test('fails the stage where it never came up', async () => {
    await expect(evaluate([neverUp])).rejects.toMatchObject({ type: 'SERVE_EXITED' });
  });

  test('is started again where it is killed while it starts, and fails the stage where it always is', async () => {
    const { answers, deaths } = await evaluate([diesAfter(10), killedAtStart, killedAtStart, always(honest)]);
    expect(statuses(answers)).toEqual({ answered: 40 });
    expect(deaths).toBe(3);
    await expect(evaluate([killedAtStart])).rejects.toMatchObject({ type: 'SERVE_EXITED' });
  });

  test('is given up where it runs but refuses connections', async () => {
    const { answers, deaths } = await evaluate([
      always((_request, response) => void response.destroy()),
      always(honest),
    ], { bounds: { connectionFailures: 3, questionAttempts: 10 } });
    expect(deaths).toBe(1);
    expect(statuses(answers)).toEqual({ answered: 40 });
  });
});

describe('an interrupted attempt', () => {
  test('keeps what is durable; the next asks only the missing ones, and each question has one result', async () => {
    const store = memoryStore();
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('worker shutdown')), 200);
    const interrupted = evaluate([always(serial(10))], { store, signal: abort.signal });
    await expect(interrupted).rejects.toThrow('worker shutdown');
    const kept = await openAnswerJournal(store, { run: 'r', stage: 'evaluate-open', inputs: 'i' }, unsealed, testSpool());
    expect(kept.answered.size).toBeGreaterThan(5);
    const resumed = await evaluate([always(honest)], { store });
    expect(resumed.asked).toHaveLength(40 - kept.answered.size);
    expect(statuses(resumed.answers)).toEqual({ answered: 40 });
    expect(new Set(resumed.answers.map((answer) => answer.id)).size).toBe(40);
  });

  test('loses at most what is in flight where the process is killed', async () => {
    const stored = memoryStore();
    const lost = new Map<string, Uint8Array>();
    const killed = createGate();
    let dead = false;
    void killed.opened.then(() => (dead = true));
    const store = { ...stored, putIfAbsent: async (key: string, bytes: Uint8Array, mediaType: string) => (dead ? (lost.set(key, bytes), sleep(1e6, 'exists' as const, { ref: false })) : stored.putIfAbsent(key, bytes, mediaType)) };
    let replies = 0;
    void evaluate([always((request, response, count) => {
      replies += 1;
      if (replies === 25) killed.open();
      return serial(1)(request, response, count);
    })], { store });
    await killed.opened;
    const resumed = await evaluate([always(honest)], { store: stored });
    expect(resumed.asked.length).toBeLessThanOrEqual(40 - 25 + 2 * 16 + 1);
    expect(statuses(resumed.answers)).toEqual({ answered: 40 });
  });

  test('ends with the store’s failure where an answer cannot be kept', async () => {
    const store = memoryStore();
    let puts = 0;
    const failing = { ...store, putIfAbsent: async (key: string, bytes: Uint8Array, mediaType: string) => {
      puts += 1;
      if (puts > 5) throw failure('STORE_UNREACHABLE', 'no connection');
      return store.putIfAbsent(key, bytes, mediaType);
    } };
    await expect(evaluate([always(honest)], { store: failing })).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
  });
});
