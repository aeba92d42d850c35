import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { CommanderError } from 'commander';
import { failures, isFailureCode, type FailureCode, type Run } from '../domain/index.ts';
import { ConfigError } from '../infra/config.ts';
import { SetupError } from '../infra/step.ts';
import { UsageError } from './errors.ts';

/** What the shell sees; documented in the README and held stable. */
export const exitCodes = { holds: 0, no: 1, usage: 2, platform: 3, operator: 4, evidence: 5, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Codes that say the input itself is of no use, whoever wrote it. */
const unusableInput: ReadonlySet<FailureCode> = new Set([
  'REQUEST_INVALID',
  'SOURCE_NOT_FOUND',
  'SOURCE_UNREADABLE',
  'SOURCE_UNSAFE_PATH',
  'SOURCE_TOO_LARGE',
  'NO_DOCKERFILE',
  'SEVERAL_SUBMISSIONS',
  'MANIFEST_INVALID',
  'DOCKERFILE_INVALID',
  'SUITE_INVALID',
  'HELM_RUN_INVALID',
]);

export function exitCodeOfFailure(code: string | undefined): ExitCode {
  if (!isFailureCode(code)) return exitCodes.platform;
  if (unusableInput.has(code)) return exitCodes.usage;
  const { fault } = failures[code];
  return fault === 'submission' ? exitCodes.no : fault === 'operator' ? exitCodes.operator : exitCodes.platform;
}

/** 0 where the run came to its end and its claim, if it made one, holds. */
export function exitCodeOfRun(run: Run): ExitCode {
  if (run.status === 'cancelled') return exitCodes.interrupted;
  if (run.status === 'completed') return run.score?.claimHolds === false ? exitCodes.no : exitCodes.holds;
  const failed = run.stages.find(({ outcome }) => outcome?.status === 'failed' && outcome.code !== undefined);
  return exitCodeOfFailure(failed?.outcome?.code);
}

export interface ErrorReport {
  exitCode: ExitCode;
  code: string;
  message: string;
  nextStep: string;
}

/** What is said of an error that ended a command. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof WorkflowFailedError && error.cause) return describeError(error.cause);
  if (error instanceof ApplicationFailure && isFailureCode(error.type)) {
    return { exitCode: exitCodeOfFailure(error.type), code: error.type, message: error.message, nextStep: failures[error.type].nextStep };
  }
  if (error instanceof SetupError) return { exitCode: exitCodes.operator, code: 'OPERATOR', message: error.message, nextStep: error.nextStep };
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, code: 'USAGE', message: error.message, nextStep: error.nextStep };
  if (error instanceof ConfigError) {
    return { exitCode: exitCodes.operator, code: 'CONFIG', message: error.message, nextStep: 'Correct the named variable or file.' };
  }
  if (error instanceof CommanderError) return { exitCode: exitCodes.usage, code: 'USAGE', message: error.message, nextStep: 'See `reprise --help`.' };
  return {
    exitCode: exitCodes.platform,
    code: 'PLATFORM_ERROR',
    message: error instanceof Error ? error.message : String(error),
    nextStep: '`reprise doctor` shows whether the stack is whole; REPRISE_LOG_LEVEL=debug prints more.',
  };
}
