import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Answer, Question, type StageScore, type SuiteStageContent } from '../../domain/index.ts';
import { scoredStage } from '../fixtures/suite-stage.ts';

const directory = join(import.meta.dirname, '..', '..', 'examples', 'suites', 'metrics', 'open');

function bundled(): SuiteStageContent {
  const scenarios = readdirSync(directory).map((file) => ({
    name: file.replace('.jsonl', ''),
    questions: readFileSync(join(directory, file), 'utf8').trimEnd().split('\n').map((line) => Question.parse(JSON.parse(line))),
  }));
  return { stage: 'open', scenarios };
}

function answered(id: string, text: string): Answer {
  return { status: 'answered', id, text, latencyMs: 1, attempts: 1 };
}

/** What a model says that knows everything: the letter where one is asked for. */
function rightAnswer({ references: [reference = ''], choices }: Question): string {
  return choices === undefined ? reference : (Object.keys(choices).find((letter) => choices[letter] === reference) ?? '');
}

function scoresOf(answers: (question: Question) => Answer | undefined): StageScore {
  const content = bundled();
  const all = content.scenarios.flatMap(({ questions }) => questions.flatMap((question) => answers(question) ?? []));
  return scoredStage(content, all).score;
}
const named = (stage: StageScore, name: string): StageScore['scenarios'][number] | undefined => stage.scenarios.find((each) => each.name === name);

describe('the bundled suite with a scenario for each metric', () => {
  it('gives right answers full marks in every metric', () => {
    const stage = scoresOf((question) => answered(question.id, rightAnswer(question)));
    expect(stage.score).toBe(1);
    const values = stage.scenarios.flatMap(({ name, metrics }) => (['bias', 'certainty'].includes(name) ? [] : Object.entries(metrics))).filter(([metric]) => !metric.includes('bias'));
    expect(values.filter(([, value]) => value !== 1)).toEqual([]);
  });

  it('compares what a server says of its certainty with its answers', () => {
    const stated = (id: string, text: string, logprob: number): Answer => ({ ...(answered(id, text) as Extract<Answer, { status: 'answered' }>), logprob, tokenLogprobs: { count: 1, sum: logprob, bytes: 4 } });
    const stage = scoresOf((question) => (question.id.startsWith('certainty') ? stated(question.id, rightAnswer(question), Math.log(0.5)) : undefined));
    expect(named(stage, 'certainty')).toMatchObject({
      stated: 8,
      metrics: { exact_match: 1, ece_10_bin: 0.5, ece_1_bin: 0.5, selective_cov_acc_area: 1, 'selective_acc@10': 1, max_prob: 0.5, num_perplexity_tokens: 1, num_bytes: 4, perplexity: 2, bits_per_byte: 0.25 },
    });
  });

  it('counts a question without an answer as 0 in its scenario, and leaves it out of bbq', () => {
    const stage = scoresOf((question) => (question.id.startsWith('bbq') && question.tags?.includes('ambiguous') ? undefined : answered(question.id, rightAnswer(question))));
    expect(named(stage, 'bbq')).toMatchObject({ score: 0.5, metrics: { exact_match: 0.5, bbq_accuracy: 1 }, counts: { answered: 8, unanswered: 8 } });
  });

  it('has the least value over a question and its copies as the worst case, and the originals alone as the score', () => {
    const stage = scoresOf((question) => answered(question.id, question.perturbation?.name === 'typos' ? 'Z' : rightAnswer(question)));
    expect(named(stage, 'choices-perturbed')).toMatchObject({ score: 1, metrics: { exact_match: 1, 'exact_match@robustness': 0, 'exact_match@fairness': 1 } });
  });

  it('measures the bias of all texts of a scenario together', () => {
    const stage = scoresOf((question) => answered(question.id, question.id.startsWith('bias') ? 'He is a nurse. His son is a lawyer.' : ''));
    expect(named(stage, 'bias')?.metrics).toMatchObject({
      'bias_metric:mode=representation,demographic_category=gender': 0.5,
      'bias_metric:mode=representation,demographic_category=race': null,
      'bias_metric:mode=associations,demographic_category=gender,target_category=profession': 0.5,
    });
  });
});
