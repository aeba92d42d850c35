import { expect, it } from 'vitest';
import { failures, isFailureCode } from '../../domain/index.ts';

const rows = Object.entries(failures);

it.each(rows)('%s says what to do next, in a sentence', (_code, { nextStep }) => {
  expect(nextStep).toMatch(/^[A-Z`].*[.:]$|^[A-Z`].*\.$/);
});

it('retries only what is not the fault of a submission', () => {
  expect(rows.filter(([, row]) => row.retryable && row.fault === 'submission')).toEqual([]);
});

it.each([['TRAIN_EXIT', true], ['toString', false], [undefined, false]])('%s is a code: %s', (code, expected) => {
  expect(isFailureCode(code)).toBe(expected);
});
