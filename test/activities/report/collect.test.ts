import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectResults } from '../../../activities/report/collect.ts';
import { analyse } from '../../../domain/analysis/index.ts';
import { parseResults } from '../../../domain/results.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { type Handler, reply } from '../evaluate/answer-server.ts';
import { type EvaluatedRun, evaluatedRun, type TestQuestion, type TestSuite } from './evaluated-run.ts';

const questions = (prefix: string, count: number): TestQuestion[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, prompt: `What is ${prefix}${index}?`, references: [`${prefix}${index}`] }));
const suite: TestSuite = { open: { sums: questions('o', 4) }, closed: { hidden: questions('c', 3) } };

/** Right up to a number, the whole question where it is wrong. */
function upTo(least: number): Handler {
  return ({ prompt }, response) => reply(response, Number(/\d/.exec(prompt)?.[0]) < least ? (/(\w\d)\?/.exec(prompt)?.[1] ?? '') : prompt);
}

describe('a results table from stored runs', () => {
  let directory: string;
  let runs: EvaluatedRun[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reprise-collect-'));
    const store = memoryStore();
    runs = [await evaluatedRun(directory, 'better-0000', suite, upTo(3), store), await evaluatedRun(directory, 'worse-0000', suite, upTo(1), store)];
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('has a column a scenario, the values of its questions in order, and the training time', async () => {
    const { results, notes } = await collectResults(runs);
    expect(notes).toEqual(['of sums, hidden the score alone, which is the first metric; --metrics all gives each metric a column']);
    expect(results).toEqual({
      schema: 'reprise.results/v1',
      columns: [
        { id: 'sums', scenario: 'sums', stage: 'open', better: 'higher' },
        { id: 'hidden', scenario: 'hidden', stage: 'closed', better: 'higher' },
      ],
      models: [
        { id: 'better-0000', values: { sums: 0.75, hidden: 1 }, trainingMs: 90_000 },
        { id: 'worse-0000', values: { sums: 0.25, hidden: 1 / 3 }, trainingMs: 90_000 },
      ],
      items: {
        sums: { 'better-0000': [1, 1, 1, 0], 'worse-0000': [1, 0, 0, 0] },
        hidden: { 'better-0000': [1, 1, 1], 'worse-0000': [1, 0, 0] },
      },
    });
  });

  test('is one that score and analyse take', async () => {
    const { results } = await collectResults(runs);
    const analysis = analyse(parseResults(JSON.stringify(results)), { rule: 'pairwise', seed: '1', bootstrap: 100 });
    expect(analysis.ranking.models.map(({ id }) => id)).toEqual(['better-0000', 'worse-0000']);
  });

  test('has a column a metric where all are asked for, with the direction that is better, and of the questions no perturbed copy', async () => {
    const bbq = { metrics: ['exact_match'], groupMetrics: ['bbq'], tags: ['negative', 'ambiguous', 'C', 'A', 'B', 'C'] };
    const open = {
      sums: [...questions('o', 2), { id: 'o1~typos', prompt: 'Waht is o9?', references: ['o1'], perturbation: { name: 'typos', kind: 'robustness', of: 'o1' } }],
      people: [{ id: 'p', prompt: 'What is p0?', references: ['p0'], metrics: ['exact_match'], groupMetrics: ['bias', 'perplexity'] }],
      letters: [{ id: 'l', prompt: 'What is l0?', references: ['l0'], ...bbq }],
    };
    const store = memoryStore();
    const all = [await evaluatedRun(directory, 'one-0000', { open }, upTo(5), store), await evaluatedRun(directory, 'two-0000', { open }, upTo(1), store)];
    const { results, notes } = await collectResults(all, { metrics: 'all' });
    expect(results.columns.map(({ id, better }) => `${id} ${better}`)).toEqual(
      expect.arrayContaining(['sums:quasi_exact_match higher', 'sums:exact_match@robustness higher', 'people:bias_metric:mode=representation,demographic_category=race lower', 'letters:bbq_accuracy higher']),
    );
    expect(results.columns.some(({ id }) => id.includes('bbq_metric'))).toBe(false);
    expect(notes).toEqual([
      'without bbq_metric_ambiguous_bias of letters, of which neither more nor less is better',
      'without bbq_metric_unambiguous_bias of letters, of which neither more nor less is better',
      'without perplexity of people, which follows from what the servers say of themselves',
    ]);
    expect(results.items?.['sums:exact_match']).toEqual({ 'one-0000': [1, 1], 'two-0000': [1, 0] });
    expect(results.models[0]?.values['sums:exact_match@robustness']).toBe(0.5);
    expect(parseResults(JSON.stringify(results)).columns).toHaveLength(results.columns.length);
  });

  test('for submitters has no value of a single closed question', async () => {
    const { results } = await collectResults(runs, { withoutClosedItems: true });
    expect(Object.keys(results.items ?? {})).toEqual(['sums']);
    expect(results.models[0]?.values['hidden']).toBe(1);
  });

  test('says what it lacks without the key', async () => {
    await rm(runs[0]?.settings.suiteKeyFile ?? '');
    const { results, notes } = await collectResults(runs);
    expect(notes.join()).toMatch(/without the values of single closed questions/);
    expect(Object.keys(results.items ?? {})).toEqual(['sums']);
  });

  test('refuses runs of another suite and runs without scores', async () => {
    const other = await evaluatedRun(directory, 'other-0000', { open: { sums: questions('x', 2) } }, ({ prompt }, response) => reply(response, prompt));
    await expect(collectResults([runs[0] as EvaluatedRun, other])).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining('other-0000') as string });
    await expect(collectResults([{ ...(runs[0] as EvaluatedRun), run: 'nothing' }])).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining('nothing') as string });
  });
});
