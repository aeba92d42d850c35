import type { Question, SuiteStage } from '../suite.ts';
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
  /** Each once, in the order of the text; in arrays, since sets of 100,000 questions take a gigabyte. */
  ngrams: Float64Array;
  shingles: Float64Array;
}

/** N-grams of a scenario that stand in so many of its questions, and in this share of them, are instructions or examples. */
const commonQuestions = 3;
const commonShare = 0.1;

/** The n-grams and shingles of questions that come one after the other, without those of the instructions that a scenario's questions share. */
export interface CheckedQuestions {
  /** Those of one scenario one after the other. */
  add(stage: SuiteStage, scenario: string, question: Pick<Question, 'id' | 'prompt'>): void;
  finish(): CheckedQuestion[];
}

export function startCheckedQuestions(): CheckedQuestions {
  const all: CheckedQuestion[] = [];
  let scenarioStart = 0;
  const endScenario = (): void => {
    const questions = all.slice(scenarioStart);
    removeCommon(questions, 'ngrams');
    removeCommon(questions, 'shingles');
    scenarioStart = all.length;
  };
  return {
    add(stage, scenario, { id, prompt }) {
      const last = all.at(-1);
      if (last && (last.stage !== stage || last.scenario !== scenario)) endScenario();
      all.push(checkedQuestion({ id, stage, scenario }, prompt));
    },
    finish: () => (endScenario(), all),
  };
}

function checkedQuestion(named: Pick<CheckedQuestion, 'id' | 'stage' | 'scenario'>, prompt: string): CheckedQuestion {
  const tokens = newTokens();
  addTokens(tokens, prompt);
  const size = tokens.length < leastNgramTokens ? 0 : Math.min(ngramTokens, tokens.length);
  return { ...named, size, ngrams: size === 0 ? new Float64Array() : Float64Array.from(hashesOf(tokens, size)), shingles: Float64Array.from(hashesOf(tokens, shingleTokens)) };
}

export function hashesOf(tokens: Tokens, size: number): Set<number> {
  const hashes = new Set<number>();
  forEachNgram(tokens, size, (low, high) => hashes.add(joined(low, high)));
  return hashes;
}

function removeCommon(questions: CheckedQuestion[], kind: 'ngrams' | 'shingles'): void {
  const common = commonHashes(questions.map((question) => question[kind]), Math.max(commonQuestions, commonShare * questions.length));
  if (common.size === 0) return;
  for (const question of questions) question[kind] = question[kind].filter((hash) => !common.has(hash));
}

/** Those that stand in at least so many of the lists; found by sorting, as counting them one by one takes ten times the memory. */
function commonHashes(lists: readonly Float64Array[], least: number): Set<number> {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  all.sort();
  const common = new Set<number>();
  let start = 0;
  for (let end = 1; end <= all.length; end += 1) {
    if (all[end] === all[start]) continue;
    if (end - start >= least) common.add(all[start] as number);
    start = end;
  }
  return common;
}
