import type { SuiteStage, SuiteStageContent } from '../suite.ts';
import { forEachNgram, joined } from './ngrams.ts';
import { addTokens, newTokens, type Tokens } from './tokens.ts';

/** Tokens of an n-gram (GPT-3, appendix C: at most 13, at least 8). */
export const ngramTokens = 13;
const leastNgramTokens = 8;
/** Tokens of a shingle of MinHash: short, so that a text with a word changed in every line is still like itself. */
export const shingleTokens = 3;

export interface CheckedQuestion {
  id: string;
  stage: SuiteStage;
  scenario: string;
  /** Length of its n-grams: 13, or all of a shorter question; 0 where it is too short. */
  size: number;
  ngrams: Set<number>;
  shingles: Set<number>;
}

/** N-grams of a scenario that stand in so many of its questions, and in this share of them, are instructions or examples. */
const commonQuestions = 3;
const commonShare = 0.1;

/** The n-grams and shingles of every question, without those of the instructions that a scenario's questions share. */
export function checkedQuestions(contents: readonly SuiteStageContent[]): CheckedQuestion[] {
  return contents.flatMap(({ stage, scenarios }) =>
    scenarios.flatMap(({ name, questions }) => {
      const checked = questions.map(({ id, prompt }) => checkedQuestion({ id, stage, scenario: name }, prompt));
      removeCommon(checked, 'ngrams');
      removeCommon(checked, 'shingles');
      return checked;
    }),
  );
}

function checkedQuestion(named: Pick<CheckedQuestion, 'id' | 'stage' | 'scenario'>, prompt: string): CheckedQuestion {
  const tokens = newTokens();
  addTokens(tokens, prompt);
  const size = tokens.length < leastNgramTokens ? 0 : Math.min(ngramTokens, tokens.length);
  return { ...named, size, ngrams: size === 0 ? new Set() : hashesOf(tokens, size), shingles: hashesOf(tokens, shingleTokens) };
}

export function hashesOf(tokens: Tokens, size: number): Set<number> {
  const hashes = new Set<number>();
  forEachNgram(tokens, size, (low, high) => hashes.add(joined(low, high)));
  return hashes;
}

function removeCommon(questions: CheckedQuestion[], kind: 'ngrams' | 'shingles'): void {
  const counts = new Map<number, number>();
  for (const question of questions) for (const hash of question[kind]) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const most = Math.max(commonQuestions, commonShare * questions.length);
  for (const question of questions) for (const hash of question[kind]) if ((counts.get(hash) ?? 0) >= most) question[kind].delete(hash);
}
