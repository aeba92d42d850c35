import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rescore } from '../../../activities/score/index.ts';
import { withSpool } from '../../../activities/io/spool.ts';
import { diagnoseRun } from '../../../activities/report/diagnose.ts';
import type { Audience, ItemDiagnosis } from '../../../activities/report/diagnosis.ts';
import { confidenceMetrics } from '../../../domain/metrics/confidence.ts';
import { renderDiagnosis } from '../../../cli/render-diagnosis.ts';
import { type EvaluatedRun, evaluatedRun, type TestQuestion } from '../report/evaluated-run.ts';
import type { Handler } from './answer-server.ts';

interface State {
  instance: { id: string; split: string; perturbation?: object; references: { output: { text: string }; tags: string[] }[] };
  train_trial_index: number;
  request: { prompt: string };
  output_mapping?: Record<string, string>;
  result: { completions: [{ text: string; logprob: number; tokens: { text: string; logprob: number }[] }] };
}
interface Stat {
  name: { name: string; split?: string; perturbation?: object };
  mean?: number;
}

const runs = join(import.meta.dirname, '..', '..', 'fixtures', 'helm', 'runs');
const read = (run: string, file: string): unknown => JSON.parse(readFileSync(join(runs, run, file), 'utf8'));

function statesOf(run: string, split: string, trial: number): State[] {
  const { request_states: states } = read(run, 'scenario_state.json') as { request_states: State[] };
  return states.filter(({ instance, train_trial_index: of }) => instance.perturbation === undefined && instance.split === split && of === trial);
}

function questionOf({ instance, request, output_mapping: choices }: State): TestQuestion {
  const references = instance.references.filter(({ tags }) => tags.includes('correct')).map(({ output }) => output.text);
  return { id: instance.id, prompt: request.prompt, references, ...(choices ? { choices } : {}), metrics: ['exact_match'], groupMetrics: [...confidenceMetrics] };
}

/** Answers as the model of the HELM run did. */
function replaying(states: readonly State[]): Handler {
  const said = new Map(states.map(({ request, result }) => [request.prompt, result.completions[0]]));
  return ({ prompt }, response) => void response.end(JSON.stringify({ ...said.get(prompt), request_time: 0.001 }));
}

const capitals = ['Rome', 'Oslo', 'Lima', 'Cairo'].map((city, index): TestQuestion => ({ id: `c${index}`, prompt: `Capital ${index}?`, references: [city], groupMetrics: ['ece_1_bin', 'perplexity'] }));
/** Gives each question a number of its own as its confidence. */
const telling: Handler = ({ prompt }, response) => {
  const logprob = -(Number(/\d/.exec(prompt)?.[0]) + 1) / 7;
  response.end(JSON.stringify({ text: 'Rome', tokens: [{ text: 'Rome', logprob }], logprob, request_time: 0.001 }));
};

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'reprise-confidence-'))));
afterAll(() => rm(directory, { recursive: true }));

function diagnosed(run: EvaluatedRun, audience: Audience): Promise<{ json: string; text: string; items: ItemDiagnosis[] }> {
  return withSpool(directory, async (spool) => {
    const diagnosis = await diagnoseRun(run, audience, spool);
    return { json: JSON.stringify(diagnosis), text: renderDiagnosis(diagnosis), items: [...(diagnosis.stages[0]?.items ?? [])] };
  });
}

describe('metrics of how certain a server says it is', () => {
  test.each([['bbq', 'test', 1], ['choices-fairness', 'valid', 1], ['choices-robustness', 'test', 1], ['words-two-trials', 'test', 2], ['words-two-trials', 'valid', 2]] as const)(
    'are those of HELM’s run %s, split %s, from the same answers',
    async (run, split, trials) => {
      const all: Record<string, number | null>[] = [];
      for (let trial = 0; trial < trials; trial += 1) {
        const states = statesOf(run, split, trial);
        const { scores } = await evaluatedRun(directory, 'helm-0000', { open: { items: states.map(questionOf) } }, replaying(states));
        all.push(scores.open.scenarios[0]?.metrics ?? {});
      }
      const theirs = (read(run, 'stats.json') as Stat[]).filter(({ name, mean }) => name.split === split && !name.perturbation && mean !== undefined && (confidenceMetrics as readonly string[]).includes(name.name));
      expect(theirs.length).toBe(confidenceMetrics.length);
      for (const { name, mean } of theirs) expect(all.reduce((sum, metrics) => sum + (metrics[name.name] ?? Number.NaN), 0) / trials, name.name).toBeCloseTo(mean as number, 12);
    },
  );

  test('are recomputed from what is stored', async () => {
    const run = await evaluatedRun(directory, 'stored-0000', { open: { capitals } }, telling);
    expect(run.scores.open.scenarios[0]).toMatchObject({ stated: 4, metrics: { ece_1_bin: expect.any(Number) as number, perplexity: expect.any(Number) as number } });
    expect(await rescore(run, run.scored)).toEqual(run.scores);
  });

  test.each<[string, Handler]>([
    ['gives none', (_request, response) => void response.end('{"text":"Rome"}')],
    ['gives zeros', (_request, response) => void response.end('{"text":"Rome","tokens":[{"text":"Rome","logprob":0}],"logprob":0}')],
    ['gives what can be none', (_request, response) => void response.end('{"text":"Rome","tokens":[{"text":"Rome","logprob":900}],"logprob":900}')],
  ])('are not given, rather than zero, where the server %s', async (_what, handler) => {
    const run = await evaluatedRun(directory, 'silent-0000', { open: { capitals } }, handler);
    expect(run.scores.open.scenarios[0]).toMatchObject({ score: 0.25, stated: 0, metrics: { ece_1_bin: null, perplexity: null } });
    expect(run.state.stages.at(-1)?.detail).toContain('no log-probabilities given for capitals');
    expect((await diagnosed(run, 'submitter')).text).toContain('capitals: ece_1_bin, perplexity not given');
  });

  test('leave out an answer that states none, and a question without an answer', async () => {
    const some: Handler = (request, response, count) => {
      if (request.prompt.includes('3')) return void response.writeHead(400).end();
      return request.prompt.includes('1') ? void response.end('{"text":"Oslo"}') : telling(request, response, count);
    };
    const { scores } = await evaluatedRun(directory, 'some-0000', { open: { capitals } }, some);
    expect(scores.open.scenarios[0]).toMatchObject({ stated: 2, counts: { answered: 3, failed: 1 } });
  });
});

describe('of the closed stage', () => {
  const open = { sums: [{ id: 'o', prompt: '1 + 1?', references: ['2'] }] };

  test('they are told to the organiser alone, as a server chooses them for each question', async () => {
    const run = await evaluatedRun(directory, 'closed-0000', { open, closed: { capitals } }, telling);
    expect(JSON.stringify(run.scores) + JSON.stringify(run.state)).not.toMatch(/ece_1_bin|perplexity|stated/);
    expect((await diagnosed(run, 'submitter')).json).not.toMatch(/ece_1_bin|perplexity|confidence/);
    expect((await diagnosed(run, 'organiser')).json).toMatch(/"confidence":\[\{"scenario":"capitals","stated":4,"metrics":\{"ece_1_bin":0\.\d+,"perplexity":1\.\d+\}\}\]/);
  });
});
