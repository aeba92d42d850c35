import { ConfigError } from '../infra/config.ts';

/** An option has a value that means nothing. */
export class OptionError extends Error {}

/** A GPU was named that this machine does not have. */
export class NoSuchGpuError extends Error {}

/** What the worker needs from the start does not answer. */
export class UnreachableError extends Error {}

interface StartProblem {
  message: string;
  nextStep: string;
  /** As those of the command `reprise`: 2 for wrong usage, 4 where the operator must act. */
  exitCode: 2 | 4;
}

/** What the person who starts a worker can mend; undefined for anything else, which is shown whole. */
export function startProblem(error: unknown): StartProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  const isUsage = error instanceof OptionError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'));
  if (isUsage) return { message, nextStep: 'reprise-worker --help says what it takes.', exitCode: 2 };
  if (error instanceof ConfigError) return { message, nextStep: 'Correct the named variable or file.', exitCode: 4 };
  if (error instanceof NoSuchGpuError) return { message, nextStep: 'Name devices that `reprise doctor` lists, or leave --gpu out to give out all of them.', exitCode: 4 };
  if (error instanceof UnreachableError) return { message, nextStep: 'Start the stack, or correct REPRISE_TEMPORAL_ADDRESS.', exitCode: 4 };
  return undefined;
}
