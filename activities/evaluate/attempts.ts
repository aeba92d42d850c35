import type { Answer } from '../../domain/index.ts';
import type { AskOutcome } from './ask.ts';

export interface RetryLimits {
  questionRetryMs: number;
  questionRetryMostMs: number;
}

/** The final answer, or undefined where the question is to be asked again or was given up because asking ended. */
export function answerOf(id: string, attempts: number, outcome: AskOutcome, most: number): Answer | undefined {
  if (outcome.kind === 'aborted') return undefined;
  if (outcome.kind === 'failed') {
    return outcome.retryable && attempts < most ? undefined : { status: 'failed', id, reason: outcome.reason, attempts };
  }
  const { kind: _kind, deviations, ...said } = outcome;
  return { status: 'answered', id, ...said, attempts, ...(deviations.length > 0 ? { deviations } : {}) };
}

/** How long to wait after the n-th failure (from 1): doubled each time, up to a limit. */
export function pauseMs(repeats: number, bounds: RetryLimits): number {
  return Math.min(bounds.questionRetryMs * 2 ** (repeats - 1), bounds.questionRetryMostMs);
}
