import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bbqQuestions, choiceQuestions, type HelmQuestion, wordQuestions } from '../../../bench/helm/questions.ts';
import type { Question } from '../../../domain/index.ts';
import { jsonLines, type Scratch, scratchDirectory } from './suite-directory.ts';

const runs = join(import.meta.dirname, '..', '..', 'fixtures', 'helm', 'runs');
let scratch: Scratch;
beforeAll(async () => void (scratch = await scratchDirectory()));
afterAll(() => scratch.remove());

interface State {
  instance: { id: string; perturbation?: { name: string } };
  train_trial_index: number;
  request: { prompt: string; max_tokens: number; stop_sequences: string[] };
  output_mapping?: Record<string, string>;
}
function statesOf(run: string): State[] {
  return (JSON.parse(readFileSync(join(runs, run, 'scenario_state.json'), 'utf8')) as { request_states: State[] }).request_states;
}

function recordOf({ text, references, split }: HelmQuestion): unknown {
  const isChoice = references.some(({ tags }) => !tags.includes('correct')) && references.length > 2;
  const gold = references.findIndex(({ tags }) => tags.includes('correct'));
  const golds = references.filter(({ tags }) => tags.includes('correct')).map((each) => each.text);
  return isChoice ? { input: text, choices: references.map((each) => each.text), answer: gold, split } : { input: text, answer: golds, split };
}

const free = { inputPrefix: 'Question: ', outputPrefix: 'Answer: ', examples: 1, maxNewTokens: 50, stop: ['\n'] };
const gender = [{ name: 'gender', probability: 0.5 }];

describe('from the same raw questions come the prompts that helm-run 0.5.16 sent', () => {
  it.each<[run: string, questions: HelmQuestion[], scenario: Record<string, unknown>, trial: number]>([
    ['words-two-trials', wordQuestions(10).questions, { adaptation: free }, 0],
    ['words-two-trials', wordQuestions(10).questions, { adaptation: { ...free, trial: 1 } }, 1],
    ['choices-fairness', choiceQuestions(10).questions, { adaptation: { examples: 2 }, perturbations: gender }, 0],
    ['bbq', bbqQuestions(10).questions, { adaptation: { examples: 2 } }, 0],
  ])('%s', async (run, raw, scenario, trial) => {
    const questions = await scratch.build({ format: 'records', ...scenario }, { 'raw.jsonl': jsonLines(...raw.map(recordOf)) });
    const states = statesOf(run).filter((state) => state.train_trial_index === trial);
    expect(states.length).toBeGreaterThan(0);
    const asked = states.map(({ instance, request, output_mapping: choices }) => {
      const id = `s-${instance.id}${instance.perturbation ? `~${instance.perturbation.name}` : ''}`;
      return { id, prompt: request.prompt, choices, maxNewTokens: request.max_tokens };
    });
    expect(questions.map(({ id, prompt, choices, generation }) => ({ id, prompt, choices, maxNewTokens: generation.maxNewTokens }))).toEqual(asked);
  });
});

describe('a run directory is imported', () => {
  it.each(['words-two-trials', 'choices-fairness', 'choices-robustness', 'bbq', 'bias'])('%s, every finished prompt of it', async (run) => {
    const questions = await scratch.build({ format: 'helm_run', files: [{ path: join(runs, run) }] }, {});
    expect(questions.map(({ prompt }) => prompt)).toEqual(statesOf(run).map(({ request }) => request.prompt));
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
    expect(questions.filter(({ perturbation }) => perturbation).length).toBe(statesOf(run).filter(({ instance }) => instance.perturbation).length);
  });

  it('with its group metrics and tags', async () => {
    const [question] = (await scratch.build({ format: 'helm_run', files: [{ path: join(runs, 'bbq') }] }, {})) as [Question];
    expect(question).toMatchObject({ groupMetrics: ['bbq'], metrics: expect.arrayContaining(['exact_match']) });
    expect(question.tags).toHaveLength(6);
  });

  it('and refused where a file of it is missing, by its name', async () => {
    const built = scratch.build({ format: 'helm_run', files: [{ path: scratch.path('.') }] }, {});
    await expect(built).rejects.toMatchObject({ type: 'HELM_RUN_INVALID', message: expect.stringContaining('scenario_state.json is not there') });
  });
});
