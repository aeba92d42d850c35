import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { maskedValues, type MaskedSettings } from '../logs/redactor.ts';
import { createMasker } from '../scan/redact.ts';

/** Takes what the operator gave, and what the rules of the secret scan know, out of everything that leaves a stage. */
export interface Mask {
  text(text: string): string;
  /** The same error; where something in it is masked, a copy without it, its causes included. */
  error(error: unknown): unknown;
}

export function createMask(settings: MaskedSettings): Mask {
  const text = createMasker({ values: maskedValues(settings) });
  return { text, error: (error) => maskedError(error, text) };
}

function maskedError(error: unknown, text: Mask['text']): unknown {
  if (!(error instanceof Error) || error instanceof CancelledFailure) return error;
  const cause = maskedError(error.cause, text);
  const [message, stack] = [text(error.message), error.stack === undefined ? undefined : text(error.stack)];
  if (message === error.message && stack === error.stack && cause === error.cause) return error;
  const masked = copyOf(error, message, cause instanceof Error ? cause : undefined);
  return Object.assign(masked, stack === undefined ? {} : { stack });
}

function copyOf(error: Error, message: string, cause: Error | undefined): Error {
  if (!(error instanceof ApplicationFailure)) return Object.assign(new Error(message, cause && { cause }), { name: error.name });
  const { type, nonRetryable, details, nextRetryDelay, category } = error;
  return new ApplicationFailure(message, type, nonRetryable, details, cause, nextRetryDelay, category);
}
