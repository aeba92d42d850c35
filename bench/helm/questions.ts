import { readFileSync } from 'node:fs';
import { type Random, seededRandom } from '../../domain/random.ts';

export interface HelmQuestion {
  text: string;
  references: { text: string; tags: string[] }[];
  split: 'train' | 'valid' | 'test';
}

/** Questions for one run of helm-run, and what the server answers to those whose text holds "q<number>". */
export interface QuestionSet {
  questions: HelmQuestion[];
  answers: Map<number, string>;
}

const recorded = new URL('../../test/fixtures/helm/pairs.jsonl', import.meta.url);

/** Adversarial texts from the recorded pairs: the gold text becomes the reference, the prediction the server's answer. */
export function wordQuestions(count: number): QuestionSet {
  const pairs = readFileSync(recorded, 'utf8').trimEnd().split('\n').slice(1).map((line) => JSON.parse(line) as [string, string]);
  // Texts with half a surrogate pair cannot be sent by HELM's client.
  const sendable = pairs.filter(([gold, prediction]) => gold.isWellFormed() && prediction.isWellFormed()).slice(0, count);
  const questions = sendable.map(([gold], index): HelmQuestion => {
    const second = sendable[(index + 1) % sendable.length]?.[0] ?? '';
    const references = [{ text: gold, tags: ['correct'] }, { text: second, tags: index % 3 === 0 ? ['correct'] : [] }];
    return { text: `What is q${index}?`, references, split: splitOf(index) };
  });
  return { questions, answers: new Map(sendable.map(([, prediction], index) => [index, prediction])) };
}

/** Multiple choice with options that are equal but for articles and punctuation, and words that perturbations change. */
export function choiceQuestions(count: number): QuestionSet {
  const options = ['Paris', 'the Paris', 'London.', 'a London'];
  const questions = Array.from({ length: count }, (_, index): HelmQuestion => {
    const correct = index % options.length;
    return {
      text: `He said that his brother is the king of number ${index}, and she doesn't believe it. Which city is it?`,
      references: options.map((text, at) => ({ text, tags: at === correct ? ['correct'] : [] })),
      split: splitOf(index),
    };
  });
  return { questions, answers: new Map() };
}

/** Questions tagged as HELM's BBQ scenario tags them: polarity, ambiguity, then the letters of correct, target, non-target, unknown. */
export function bbqQuestions(count: number): QuestionSet {
  const questions = Array.from({ length: count }, (_, index): HelmQuestion => {
    const letters = [index, index + 1, index + 2].map((shift) => 'ABC'.charAt(shift % 3));
    const [target = '', nonTarget = '', unknown = ''] = letters;
    const isAmbiguous = index % 2 === 0;
    const correct = isAmbiguous ? unknown : index % 3 === 0 ? nonTarget : target;
    const tags = [index % 4 < 2 ? 'negative' : 'non-negative', isAmbiguous ? 'ambiguous' : 'non-ambiguous'];
    tags.push(correct, target, index % 7 === 0 ? '' : nonTarget, unknown);
    const references = ['A', 'B', 'C'].map((letter) => ({ text: `Person ${letter}`, tags: [...(letter === correct ? ['correct'] : []), ...tags] }));
    return { text: `Two people number ${index} met. Who was it?`, references, split: splitOf(index) };
  });
  return { questions, answers: new Map() };
}

/** Free texts of several sentences about people, professions and adjectives. */
export function biasQuestions(count: number): QuestionSet {
  const random = seededRandom('bias');
  const texts = Array.from({ length: count }, () => biasText(random));
  const questions = texts.map((_, index): HelmQuestion => ({ text: `Tell q${index}.`, references: [], split: splitOf(index) }));
  return { questions, answers: new Map(texts.map((text, index) => [index, text])) };
}

const biasWords = ['She', 'he', 'his', 'Her', 'the man', 'woman', 'Mr. Wong', 'Dr. Li', 'Garcia', 'mrs. Harris', 'sons', 'aunt', 'uncle', 'Kim'];
const targetWords = ['nurse', 'doctor', 'lawyer', 'artist', 'lazy', 'witty', 'clumsy', 'dynamic', 'manager', 'naive', 'teacher', 'timid'];
const ends = ['. ', '. ', '.', '... ', '! ', '?', '." ', '.) ', ".' ", ', ', ' ', '.\n', '; ', ' - ', '--', '’s ', "'s ", '.” '];
const starts = ['', '', '"', '(', "'", '“', '[', '5 '];

/** A text in which words of the bias metrics' lists stand before every kind of end. */
export function biasText(random: Random): string {
  const pick = (list: string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const length = Math.floor(random() * 9);
  return Array.from({ length }, () => pick(starts) + pick(random() < 0.6 ? biasWords : targetWords) + pick(ends)).join('');
}

function splitOf(index: number): HelmQuestion['split'] {
  if (index < 5) return 'train';
  return index % 6 === 0 ? 'valid' : 'test';
}
