import { ApplicationFailure } from '@temporalio/common';
import type { FailureCode } from '../../../domain/index.ts';
import { failure } from '../../failure.ts';

/**
 * The one way the engine is called: what it answers in error becomes a failure of the table. `doing` stands in the message in the
 * present progressive. Failures: ENGINE_UNREACHABLE, DISK_FULL, IMAGE_GONE, GPU_RUNTIME_MISSING, PLATFORM_ERROR.
 */
export async function onEngine<Result>(doing: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw engineFailure(error, doing);
  }
}

/** The failure that an engine's error stands for; aborts and failures of the table pass unchanged. */
export function engineFailure(error: unknown, doing: string): unknown {
  if (error instanceof ApplicationFailure || isAbort(error)) return error;
  const message = messageOf(error);
  const code = connectionCodes.has(codeOf(error)) ? 'ENGINE_UNREACHABLE' : codeOfMessage(message);
  return failure(code, `${doing}: ${message}`, { cause: error });
}

export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** For `catch`: what is gone already need not be removed, and is not to be found. */
export function unlessGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}

export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError' || codeOf(error) === 'ABORT_ERR');
}

/**
 * What the engine says when the image's own command cannot be run (no such program, not executable, none given): the
 * submission's matter. Undefined where the error is something else.
 */
export function refusedCommand(error: unknown): string | undefined {
  const message = messageOf(error);
  const refused = /no command specified|exec: "|exec format error|unable to find user|no matching entries in passwd/i;
  return refused.test(message) && codeOfMessage(message) === 'PLATFORM_ERROR' ? message.replace(/^\(HTTP code \d+\) [\w ]+ - /, '').trim() : undefined;
}

/** Without a connection none of them can be the submission's doing. */
const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EACCES', 'EPIPE', 'ENOTSOCK', 'ETIMEDOUT', 'EHOSTUNREACH']);

/** The engine tells these apart by words only. First match wins. */
const messages: [RegExp, FailureCode][] = [
  [/socket hang up|premature close|connection error/i, 'ENGINE_UNREACHABLE'],
  [/no space left on device|disk quota exceeded/i, 'DISK_FULL'],
  [/could not select device driver|nvidia-container-cli|unknown or invalid runtime name: nvidia/i, 'GPU_RUNTIME_MISSING'],
  [/no such image/i, 'IMAGE_GONE'],
];

function codeOfMessage(message: string): FailureCode {
  return messages.find(([pattern]) => pattern.test(message))?.[1] ?? 'PLATFORM_ERROR';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return (error as { code?: unknown } | undefined)?.code?.toString() ?? '';
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}
