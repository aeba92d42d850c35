import { expect, it } from 'vitest';
import { buildFailure } from '../../../activities/build/build-failure.ts';
import { originalLineOf, stepsOf } from '../../../activities/build/steps.ts';

const original = [
  'ARG BASE', // 1
  'FROM base:1 AS build', // 2
  '', // 3
  '# a comment of the submission', // 4
  'RUN apt-get update \\', // 5
  '  # why not', // 6
  '  && apt-get install -y curl', // 7
  'FROM scratch', // 8
  'COPY --from=build /x /x', // 9
].join('\n');

const pinned = [
  'ARG BASE', // 1
  '# reprise: base:1 as of the date', // 2, added
  'FROM base@sha256:0 AS build', // 3
  '# reprise: trust the bundle', // 4, added
  'COPY .reprise/ca.pem /usr/local/share/reprise/ca.pem', // 5, added
  'ARG PIP_CERT=/usr/local/share/reprise/ca.pem', // 6, added
  ...original.split('\n').slice(2), // 7 = 3
].join('\n');

const steps = stepsOf(pinned, original);

it('counts steps as the builder does, with the lines and words of the submission', () => {
  expect(steps.map(({ number, line, text }) => [number, line, text])).toEqual([
    [1, 1, 'ARG BASE'],
    [2, 2, 'FROM base:1 AS build'],
    [3, undefined, 'COPY .reprise/ca.pem /usr/local/share/reprise/ca.pem'],
    [4, undefined, 'ARG PIP_CERT=/usr/local/share/reprise/ca.pem'],
    [5, 5, 'RUN apt-get update && apt-get install -y curl'],
    [6, 8, 'FROM scratch'],
    [7, 9, 'COPY --from=build /x /x'],
  ]);
});

it('gives no line where it cannot tell which instruction was which', () => {
  expect(stepsOf(`${pinned}\nRUN something else`, original).map(({ line }) => line)).toEqual(Array.from({ length: 8 }));
});

it.each([
  [1, 1],
  [11, 7],
  [5, undefined],
  [13, 9],
])('line %i of the pinned file is line %s of the original', (line, expected) => {
  expect(originalLineOf(steps, line)).toBe(expected);
});

it.each([
  [5, { error: 'x', exitCode: 100, keyword: 'RUN', lines: ['E: Unable to locate package curl'] }, 'BUILD_PACKAGE_MISSING', 'Dockerfile.train line 5: `RUN apt-get update && apt-get install -y curl` failed: apt finds no package curl'],
  [undefined, { error: 'dockerfile parse error line 11: unknown instruction: FOO', exitCode: undefined, keyword: undefined, lines: [] }, 'DOCKERFILE_INVALID', 'Dockerfile.train line 7: reading it failed: unknown instruction: FOO'],
  [3, { error: 'x', exitCode: 3, keyword: 'RUN', lines: [] }, 'BUILD_STEP_FAILED', 'Dockerfile.train: `COPY .reprise/ca.pem /usr/local/share/reprise/ca.pem` failed: exit code 3'],
])('tells step %s with its place', (step, end, type, message) => {
  expect(buildFailure('Dockerfile.train', steps, step, end)).toMatchObject({ type, message });
});

it('does not blame a submission for a CA bundle that the platform does not send', () => {
  const end = { error: 'COPY failed: file not found in build context or excluded by .dockerignore: stat .reprise/ca.pem: file does not exist', exitCode: undefined, keyword: 'COPY', lines: [] };
  expect(buildFailure('Dockerfile', steps, 3, end)).toMatchObject({ type: 'PLATFORM_ERROR' });
});
