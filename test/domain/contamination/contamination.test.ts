import { describe, expect, test } from 'vitest';
import { checkBaseModel, createContaminationCheck } from '../../../domain/contamination/index.ts';
import { signatureOf, similarity } from '../../../domain/contamination/minhash.ts';
import { forEachNgram } from '../../../domain/contamination/ngrams.ts';
import { hashesOf } from '../../../domain/contamination/questions.ts';
import { addTokens, newTokens } from '../../../domain/contamination/tokens.ts';
import { GenerationSettings, type SuiteStageContent } from '../../../domain/index.ts';
import { checkedQuestions } from '../../fixtures/checked-questions.ts';

const tokensOf = (text: string): ReturnType<typeof newTokens> => {
  const tokens = newTokens(2);
  addTokens(tokens, text);
  return tokens;
};
const identity = (text: string): string => {
  const { low, high, length } = tokensOf(text);
  return Array.from({ length }, (_, index) => `${low[index]}.${high[index]}`).join(' ');
};
const last = (text: string): string => {
  let hash = '';
  forEachNgram(tokensOf(text), 3, (low, high) => (hash = `${low} ${high}`));
  return hash;
};
const words = (from: number, to: number): string => Array.from({ length: to - from }, (_, index) => `w${from + index}`).join(' ');
const suite = (prompts: string[]): SuiteStageContent => ({
  stage: 'open',
  scenarios: [{ name: 'facts', questions: prompts.map((prompt, index) => ({ id: `q${index}`, prompt, references: [''], generation: GenerationSettings.parse({}), metrics: ['exact_match'] })) }],
});
const look = (prompts: string[], ...texts: string[]): ReturnType<ReturnType<typeof createContaminationCheck>['report']> => {
  const check = createContaminationCheck(checkedQuestions(suite(prompts)));
  texts.forEach((text, index) => check.add({ text, file: 'train', line: index + 1, continues: false }));
  return check.report();
};

describe('tokens', () => {
  test.each([
    ['case', 'Alice and Bob', 'alice AND bob'],
    ['punctuation', 'one, two; three.', 'one two three'],
    ['white space', 'one  two\n\tthree', 'one two three'],
    ['full-width forms', 'ＡＢＣ １２３', 'abc 123'],
    ['composed and decomposed letters', 'caf\u00e9 au lait', 'cafe\u0301 au lait'],
    ['Cyrillic capitals', 'ПРИВЕТ МИР', 'привет мир'],
  ])('do not depend on %s', (_name, one, other) => expect(identity(one)).toBe(identity(other)));

  test.each([
    ['order', 'one two', 'two one'],
    ['digits', 'page 12', 'page 13'],
    ['a border between words', 'on etwo', 'one two'],
  ])('depend on %s', (_name, one, other) => expect(identity(one)).not.toBe(identity(other)));

  test('are single signs in scripts without spaces', () => expect(tokensOf('私は学生です。').length).toBe(6));
});

test('an n-gram’s hash does not depend on what stands before it', () => {
  expect(last('x y z some words before one two three')).toBe(last('one two three'));
  expect(last('one two four')).not.toBe(last('one two three'));
});

describe('training data that holds a question', () => {
  const question = 'Which river flows through the old town of Heidelberg and joins the Rhine near Mannheim in the end?';
  const filler = Array.from({ length: 200 }, (_, index) => `filler${index}`).join(' ');

  test('is found by its n-grams, in other case and punctuation, with the place', () => {
    const { questions, scenarios } = look([question], filler, `${filler} WHICH river flows -- through the old town of Heidelberg; and joins the Rhine ${filler}`);
    expect(questions).toMatchObject([{ id: 'q0', first: { file: 'train', line: 2 }, ngrams: 6, found: 1 }]);
    expect(scenarios).toEqual([{ name: 'facts', stage: 'open', questions: 1, unchecked: 0, overlapping: 1, near: 0 }]);
  });

  test('is not found where only twelve words agree', () => {
    expect(look([question], `flows through the old town of Heidelberg and joins the Rhine near Basel ${filler}`).questions).toEqual([]);
  });

  test('is found over the border of two pieces of one text', () => {
    const check = createContaminationCheck(checkedQuestions(suite([question])));
    const parts = question.split(' ');
    check.add({ text: parts.slice(0, 9).join(' '), file: 'train', line: 1, continues: false });
    check.add({ text: parts.slice(9).join(' '), file: 'train', line: 2, continues: true });
    expect(check.report().questions[0]?.found).toBe(6);
    const apart = createContaminationCheck(checkedQuestions(suite([question])));
    apart.add({ text: parts.slice(0, 9).join(' '), file: 'train', line: 1, continues: false });
    apart.add({ text: parts.slice(9).join(' '), file: 'train', line: 2, continues: false });
    expect(apart.report().questions).toEqual([]);
  });

  test('is found near by MinHash where words were changed here and there', () => {
    const long = Array.from({ length: 60 }, (_, index) => `word${index}`);
    const changed = long.map((word, index) => (index % 13 === 12 ? 'other' : word)).join(' ');
    const found = look([long.join(' ')], changed).questions[0];
    expect(found?.nearest).toMatchObject({ line: 1 });
    expect(found?.nearest?.similarity).toBeGreaterThan(0.5);
  });

  test('is not found in the instructions that all questions share', () => {
    const instructions = 'Read the following question with care and then answer it with one single word only please';
    const { questions } = look(['alpha', 'beta', 'gamma', 'delta'].map((word) => `${instructions}: ${word}`), instructions);
    expect(questions).toEqual([]);
  });

  test('of eight to twelve words is found as a whole, a shorter one is said to be unchecked', () => {
    const report = look(['the quick brown fox jumps over lazy dogs', 'too short'], 'and the quick brown fox jumps over lazy dogs again');
    expect(report.questions.map(({ id }) => id)).toEqual(['q0']);
    expect(report.scenarios[0]).toMatchObject({ unchecked: 1, overlapping: 1 });
  });

  test('shows ids and places, never a text', () => {
    expect(JSON.stringify(look([question], question))).not.toMatch(/heidelberg|river/i);
  });
});

test('MinHash estimates the Jaccard similarity within four standard errors', () => {
  for (const overlap of [50, 100, 150]) {
    const [one, other] = [hashesOf(tokensOf(words(0, 200)), 5), hashesOf(tokensOf(words(200 - overlap, 400 - overlap)), 5)];
    const common = [...one].filter((hash) => other.has(hash)).length;
    const exact = common / (one.size + other.size - common);
    expect(Math.abs(similarity(signatureOf(one), signatureOf(other)) - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / 128));
  }
});

describe('a declared base model', () => {
  test.each([
    ['mistralai/Mistral-7B-v0.1', 'allowed', 'Mistral'],
    ['meta-llama/Llama-2-70b-hf', 'allowed', 'LLaMA or Llama 2'],
    ['Qwen/Qwen-14B', 'allowed', 'Qwen'],
    ['tiiuae/falcon-40b', 'allowed', 'Falcon'],
    ['EleutherAI/pythia-1.4b', 'allowed', 'GPT Neo, J, NeoX, Pythia'],
    ['togethercomputer/RedPajama-INCITE-7B-Base', 'allowed', 'Red Pajama Base'],
    ['google/t5-v1_1-xl', 'allowed', 'T5'],
    ['bert-base-uncased', 'allowed', 'BERT'],
    ['gpt2', 'allowed', 'GPT2'],
    ['internlm/internlm-20b', 'allowed', 'InternLM'],
    ['meta-llama/Llama-2-7b-chat-hf', 'instruction-tuned', 'LLaMA or Llama 2'],
    ['mistralai/Mistral-7B-Instruct-v0.1', 'instruction-tuned', 'Mistral'],
    ['google/flan-t5-xl', 'instruction-tuned', undefined],
    ['togethercomputer/RedPajama-INCITE-7B-Chat', 'instruction-tuned', undefined],
    ['someone/Llama-2-7b-hf', 'other-publisher', 'LLaMA or Llama 2'],
    ['bigscience/bloomz-7b1', 'not-listed', undefined],
    ['facebook/opt-iml-30b', 'not-listed', undefined],
    ['stabilityai/stablelm-base-alpha-7b', 'not-listed', undefined],
    ['', 'undeclared', undefined],
    [undefined, 'undeclared', undefined],
  ])('%s is %s', (declared, verdict, family) => {
    const check = checkBaseModel(declared);
    expect([check.verdict, check.family]).toEqual([verdict, family]);
  });
});
