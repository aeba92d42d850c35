import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { describeError, exitCodeOfFailure, exitCodeOfRun } from '../../cli/exit-codes.ts';
import { UsageError } from '../../cli/errors.ts';
import type { Run } from '../../domain/index.ts';
import { ConfigError } from '../../infra/config.ts';
import { SetupError } from '../../infra/step.ts';

function runWith(run: Partial<Run>): Run {
  return { schema: 'reprise.run/v1', run: 'r', workflowId: 'w', track: 'cpu', source: { digest: '', origin: '' }, status: 'completed', stages: [], uiUrl: '', ...run };
}
const failedIn = (code: string): Run => runWith({ status: 'failed', stages: [{ name: 'train', status: 'failed', startedAt: null, endedAt: null, cached: false, outcome: { status: 'failed', code } }] });
const score = { open: 1, closed: null, full: 1, scenarios: {} };

describe('the exit code of a run', () => {
  it.each<[string, Run, number]>([
    ['that came to its end', runWith({}), 0],
    ['whose claim holds', runWith({ score: { ...score, claimHolds: true } }), 0],
    ['whose claim does not hold', runWith({ score: { ...score, claimHolds: false } }), 1],
    ['that its submission failed', failedIn('TRAIN_EXIT'), 1],
    ['that the platform failed', failedIn('ENGINE_UNREACHABLE'), 3],
    ['that waits for the operator', failedIn('SECRET_MISSING'), 4],
    ['that was cancelled', runWith({ status: 'cancelled' }), 130],
  ])('%s', (_what, run, expected) => expect(exitCodeOfRun(run)).toBe(expected));
});

describe('an error', () => {
  it.each<[string, unknown, number]>([
    ['of the input', ApplicationFailure.create({ type: 'SUITE_INVALID', message: 'x' }), 2],
    ['of usage', new UsageError('x', 'y'), 2],
    ['that the operator must act on', new SetupError('x', 'y'), 4],
    ['of the configuration', new ConfigError('x'), 4],
    ['nobody expected', new TypeError('x'), 3],
  ])('%s says what to do next', (_what, error, expected) => {
    const report = describeError(error);
    expect(report.exitCode).toBe(expected);
    expect(report.nextStep).not.toBe('');
  });

  it('with a code that the table does not know is the platform’s', () => expect(exitCodeOfFailure('NO_SUCH')).toBe(3));
});
