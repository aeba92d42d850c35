import { ApplicationFailure } from '@temporalio/common';
import { failures, limits, type FailedOutcome, type FailureCode, isFailureCode, type StageCost } from '../domain/index.ts';

/** What goes with a failure beside its message: the log that shows it, what could be chosen instead, and what the stage has cost. */
export interface FailureDetail {
  logKey?: string;
  choices?: string[];
  cost?: StageCost;
}

/**
 * The one way an expected failure is thrown: `throw failure('TRAIN_EXIT', 'the training ended with exit code 1')`.
 * The code decides fault, retry and next step (domain/failures.ts).
 */
export function failure(code: FailureCode, message: string, { cause, ...detail }: FailureDetail & { cause?: unknown } = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message: message.slice(0, limits.failureMessageCharacters),
    nonRetryable: !failures[code].retryable,
    details: Object.keys(detail).length === 0 ? [] : [detail],
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** The outcome that a thrown failure stands for, or undefined where it is none of the table's. */
export function outcomeOf(error: unknown): FailedOutcome | undefined {
  if (!(error instanceof ApplicationFailure) || !isFailureCode(error.type)) return undefined;
  const { fault, nextStep } = failures[error.type];
  const detail = detailOf(error);
  return {
    status: 'failed',
    code: error.type,
    fault,
    message: error.message,
    nextStep,
    ...(detail.logKey === undefined ? {} : { logKey: detail.logKey }),
  };
}

export function detailOf(error: ApplicationFailure): FailureDetail {
  return (error.details?.[0] as FailureDetail | undefined) ?? {};
}

/** The same failure with more of its detail; what is none of the table's passes as it is. */
export function withDetail(error: unknown, detail: FailureDetail): unknown {
  if (!(error instanceof ApplicationFailure) || !isFailureCode(error.type)) return error;
  const copy = failure(error.type, error.message, { ...detailOf(error), ...detail, cause: error.cause });
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
