import { outcomeOf } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { rescore, rescoreStage } from '../score/index.ts';
import type { Recompute } from './rescore.ts';

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
      const { score: open } = await rescoreStage(dependencies, stored, 'open');
      return { open, closed: null, notes: { closed: `not recomputed: key not given (${(error as Error).message})` } };
    }
  };
}
