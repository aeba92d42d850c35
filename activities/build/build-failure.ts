import type { ApplicationFailure } from '@temporalio/common';
import type { FailureCode } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { causeOf, type BuildEnd } from './classify.ts';
import { addedFiles } from './context.ts';
import { originalLineOf, type BuildStep } from './steps.ts';

/**
 * The failure of a build: `Dockerfile.train line 5: `RUN pip install nosuchpkg==9` failed: …`, with the line of the submission's
 * own Dockerfile and the classified cause. `indexProblem` is what kept the package index from answering that step,
 * `outside` what lay between the build and the outside where it was recorded or replayed.
 */
export function buildFailure(dockerfile: string, steps: BuildStep[], step: number | undefined, end: BuildEnd, indexProblem?: string, outside?: { code: FailureCode; reason: string }): ApplicationFailure {
  const cause = causeOf(end);
  const failing = step === undefined ? undefined : steps[step - 1];
  if (cause.code === 'BUILD_COPY_MISSING' && cause.reason.includes(addedFiles.caBundle)) {
    return failure('PLATFORM_ERROR', `${dockerfile}: the pinned Dockerfile expects a CA bundle, and none is configured`);
  }
  if (outside) return failure(outside.code, `${placeOf(dockerfile, failing, undefined)} failed: ${outside.reason}; ${cause.reason}`);
  if (indexProblem !== undefined && (cause.code === 'BUILD_PACKAGE_MISSING' || cause.code === 'BUILD_STEP_FAILED')) {
    return failure('BUILD_NETWORK', `${placeOf(dockerfile, failing, undefined)} failed: ${cause.reason}; the package index did not answer: ${indexProblem}`);
  }
  return failure(cause.code, `${placeOf(dockerfile, failing, lineIn(end.error, steps))} failed: ${cause.reason}`);
}

function placeOf(dockerfile: string, step: BuildStep | undefined, parsedLine: number | undefined): string {
  if (!step) return parsedLine === undefined ? `the build of ${dockerfile}` : `${dockerfile} line ${parsedLine}: reading it`;
  const quoted = `\`${shortened(step.text)}\``;
  return step.line === undefined ? `${dockerfile}: ${quoted}` : `${dockerfile} line ${step.line}: ${quoted}`;
}

/** The line that the builder's parser names. */
function lineIn(error: string, steps: BuildStep[]): number | undefined {
  const match = /parse error(?: on)? line (\d+)/.exec(error);
  return match ? originalLineOf(steps, Number(match[1])) : undefined;
}

function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
