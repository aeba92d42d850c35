import { describe, expect, test } from 'vitest';
import { openAnswerJournal } from '../../../activities/evaluate/journal.ts';
import { type Sealing, unsealed } from '../../../activities/evaluate/sealing.ts';
import { type Answer, answerJournalKey } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { testSpool } from '../../fakes/test-spool.ts';
import { createGate } from './gate.ts';

const identity = { run: 'run-1', stage: 'evaluate-open', inputs: 'inputs' } as const;
const deadline = new Date('2030-01-01T00:00:00Z');
const answer = (id: string, text = `text of ${id}`): Answer => ({ status: 'answered', id, text, latencyMs: 1, attempts: 1 });
const segmentKeys = (store: ReturnType<typeof memoryStore>): string[] => [...store.objects.keys()];

/** A store whose writes wait until they are let go. */
function slowStore(): ReturnType<typeof memoryStore> & { release(): void } {
  const store = memoryStore();
  const gate = createGate();
  return {
    ...store,
    async putIfAbsent(...given) {
      await gate.opened;
      return store.putIfAbsent(...given);
    },
    release: gate.open,
  };
}

describe('the answer journal', () => {
  test('gives the next attempt every answer whose append resolved', async () => {
    const store = memoryStore();
    const journal = await openAnswerJournal(store, identity, unsealed, testSpool());
    await journal.begin(deadline);
    await Promise.all(['a', 'b', 'c'].map((id) => journal.append(answer(id))));
    const next = await openAnswerJournal(store, identity, unsealed, testSpool());
    expect([...next.answered.values()]).toEqual([answer('a'), answer('b'), answer('c')]);
  });

  test('puts answers that arrive during a write together into one segment', async () => {
    const store = memoryStore();
    const journal = await openAnswerJournal(store, identity, unsealed, testSpool());
    await journal.begin(deadline);
    const slow = slowStore();
    const second = await openAnswerJournal({ ...slow, list: store.list, get: store.get }, identity, unsealed, testSpool());
    const appended = Array.from({ length: 100 }, (_, index) => second.append(answer(String(index))));
    slow.release();
    await Promise.all(appended);
    expect(segmentKeys(slow).length).toBeLessThanOrEqual(2);
    expect(second.answered.size).toBe(100);
  });

  test('does not count an answer before it is stored', async () => {
    const slow = slowStore();
    const journal = await openAnswerJournal(slow, identity, unsealed, testSpool());
    const begun = journal.begin(deadline);
    slow.release();
    await begun;
    const appended = journal.append(answer('a'));
    expect(journal.answered.size).toBe(0);
    await appended;
    expect(journal.answered.size).toBe(1);
  });

  test('keeps the first deadline in every later attempt', async () => {
    const store = memoryStore();
    expect(await (await openAnswerJournal(store, identity, unsealed, testSpool())).begin(deadline)).toEqual(deadline);
    const next = await openAnswerJournal(store, identity, unsealed, testSpool());
    expect(next.deadline()).toEqual(deadline);
    expect(await next.begin(new Date('2031-01-01T00:00:00Z'))).toEqual(deadline);
  });

  test('reads and merges a segment that a stale attempt took, and the first durable answer stays', async () => {
    const store = memoryStore();
    const stale = await openAnswerJournal(store, identity, unsealed, testSpool());
    const current = await openAnswerJournal(store, identity, unsealed, testSpool());
    await stale.begin(deadline);
    expect(await current.begin(new Date('2031-01-01T00:00:00Z'))).toEqual(deadline);
    await stale.append(answer('a', 'first'));
    await Promise.all([current.append(answer('a', 'second')), current.append(answer('b'))]);
    const next = await openAnswerJournal(store, identity, unsealed, testSpool());
    for (const journal of [current, next]) expect([...journal.answered.values()]).toEqual([answer('a', 'first'), answer('b')]);
  });

  test('does not take over answers to other inputs under the same run', async () => {
    const store = memoryStore();
    const journal = await openAnswerJournal(store, identity, unsealed, testSpool());
    await journal.begin(deadline);
    await journal.append(answer('a'));
    const other = await openAnswerJournal(store, { ...identity, inputs: 'another image' }, unsealed, testSpool());
    expect(other.answered.size).toBe(0);
    expect(other.deadline()).toBeUndefined();
    await other.begin(deadline);
    expect(segmentKeys(store)).toHaveLength(3);
  });

  test('stores nothing readable when sealed', async () => {
    const reverse: Sealing = { ...unsealed, secret: true, seal: (bytes) => bytes.map((byte) => byte ^ 0xff), open: (bytes) => bytes.map((byte) => byte ^ 0xff) };
    const store = memoryStore();
    const journal = await openAnswerJournal(store, identity, reverse, testSpool());
    await journal.begin(deadline);
    await journal.append(answer('a', 'the hidden question'));
    for (const bytes of store.objects.values()) expect(Buffer.from(bytes).toString('latin1')).not.toContain('hidden');
    expect((await openAnswerJournal(store, identity, reverse, testSpool())).answered.get('a')).toEqual(answer('a', 'the hidden question'));
  });

  test('names a segment that does not parse, without its text', async () => {
    const store = memoryStore();
    await store.putIfAbsent(answerJournalKey(identity.run, identity.stage, 0), Buffer.from('{"secret'), 'x');
    const opened = openAnswerJournal(store, identity, unsealed, testSpool());
    await expect(opened).rejects.toMatchObject({ type: 'STORE_CORRUPT', message: expect.stringContaining('00000000.jsonl') as string });
    await expect(opened).rejects.not.toThrow(/secret/);
  });

  test('fails an append whose write fails, and goes on with the next', async () => {
    const store = memoryStore();
    let broken = false;
    const flaky = { ...store, putIfAbsent: async (...given: Parameters<typeof store.putIfAbsent>) => (broken ? Promise.reject(new Error('no store')) : store.putIfAbsent(...given)) };
    const journal = await openAnswerJournal(flaky, identity, unsealed, testSpool());
    await journal.begin(deadline);
    broken = true;
    await expect(journal.append(answer('a'))).rejects.toThrow('no store');
    broken = false;
    await journal.append(answer('b'));
    expect([...journal.answered.values()].map(({ id }) => id)).toEqual(['b']);
  });
});
