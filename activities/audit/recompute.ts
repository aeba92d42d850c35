import { computeScores, type RunScores } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import { loadSuiteStage } from '../intake/suite.ts';
import type { ObjectStore } from '../io/store.ts';
import { readAnswers } from '../score/answers.ts';
import { rescore } from '../score/index.ts';
import type { Recompute, ScoredAnswers } from './rescore.ts';

/**
 * Recomputes scores by the code that computed them. Without the key of the closed questions the open stage alone is recomputed,
 * and the note says why. Failures: STORE_CORRUPT where suite or answers are missing, changed, or do not fit each other.
 */
export function recomputeWith(store: ObjectStore, suiteKeyFile: string): Recompute {
  const dependencies = { store, settings: { suiteKeyFile } };
  return async (stored) => {
    try {
      const scores = await rescore(dependencies, stored);
      return { open: scores.open, closed: scores.closed, whole: scores, notes: {} };
    } catch (error) {
      if (outcomeOf(error)?.code !== 'SUITE_KEY_MISSING') throw error;
      const { open } = await openScores(dependencies, stored);
      return { open, closed: null, notes: { closed: `not recomputed: key not given (${(error as Error).message})` } };
    }
  };
}

async function openScores(dependencies: Parameters<typeof readAnswers>[0], { suite, answers }: ScoredAnswers): Promise<RunScores> {
  const content = await loadSuiteStage(dependencies, suite, 'open');
  const sha256 = answers.find(({ stage }) => stage === 'open')?.sha256;
  const given = sha256 === undefined ? [] : await readAnswers(dependencies, content, sha256);
  return computeScores([content], new Map([['open', given]]));
}
