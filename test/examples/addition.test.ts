import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Question, SubmissionManifest } from '../../domain/index.ts';

const examples = resolve(import.meta.dirname, '../../examples');
const files = ['open/two-digit', 'open/three-digit', 'closed/four-digit', 'closed/carry-chain'].map((name) => `${name}.jsonl`);

let written: string;
beforeAll(async () => {
  written = mkdtempSync(join(tmpdir(), 'reprise-suite-'));
  await execa(process.execPath, [join(examples, 'suites/generate-addition.ts'), written]);
});
afterAll(() => rmSync(written, { recursive: true, force: true }));

describe.each(files)('the questions of %s', (file) => {
  const text = readFileSync(join(examples, 'suites/addition', file), 'utf8');

  test('are what the generator writes', () => {
    expect(readFileSync(join(written, file), 'utf8')).toBe(text);
  });

  test('ask for the sum of the numbers in their prompt', () => {
    const questions = text.trimEnd().split('\n').map((line) => Question.parse(JSON.parse(line)));
    expect(new Set(questions.map(({ id }) => id)).size).toBe(150);
    const sums = questions.map(({ prompt }) => [...prompt.matchAll(/\d+/g)].reduce((sum, [digits]) => sum + Number(digits), 0));
    expect(questions.map(({ references }) => references)).toEqual(sums.map((sum) => [String(sum)]));
  });
});

test("the example's manifest fits its schema", () => {
  const manifest = SubmissionManifest.parse(parse(readFileSync(join(examples, 'addition/reprise.yaml'), 'utf8')));
  expect(manifest).toMatchObject({ name: 'addition', track: 'cpu', train: { dockerfile: 'Dockerfile.train' } });
});

test('both Dockerfiles begin with the same layers, so that they are built once', () => {
  const [serve, train] = ['Dockerfile', 'Dockerfile.train'].map((name) => readFileSync(join(examples, 'addition', name), 'utf8').split('\nCOPY adder.py')[0]);
  expect(serve).toBe(train);
});
