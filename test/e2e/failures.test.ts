import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../domain/index.ts';
import { reprise, type Finished } from './command.ts';
import { leftInEngine } from './engine.ts';

const suite = join(import.meta.dirname, '..', 'fixtures', 'suite');
const submissions = join(import.meta.dirname, '..', 'submissions');
let scratch: string;

beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'reprise-e2e-'))));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A directory with these files; contents that are undefined leave the file out. */
function directoryOf(name: string, files: Record<string, string | Uint8Array>): string {
  const directory = join(scratch, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

const manifest = 'name: broken\nserve:\n  dockerfile: Dockerfile\n';
const dockerfile = 'FROM debian:bookworm-slim\nCMD ["true"]\n';

describe('a request of no use is refused before anything starts', () => {
  const question = '{"id":"a","prompt":"1","references":["1"],"metrics":["exact_match"]}';
  it.each<[string, string[] | (() => string[]), string, string]>([
    ['no such path', ['start', '/nowhere', '--suite', suite], 'SOURCE_NOT_FOUND', '/nowhere'],
    ['not a submission', () => ['start', directoryOf('empty', { 'notes.txt': 'x' }), '--suite', suite], 'NO_DOCKERFILE', 'no Dockerfile'],
    ['an empty Dockerfile', () => ['start', directoryOf('blank', { Dockerfile: '' }), '--suite', suite], 'DOCKERFILE_INVALID', 'Dockerfile line 1'],
    ['a Dockerfile that is not text', () => ['start', directoryOf('bytes', { Dockerfile: Uint8Array.of(0xff, 0xfe, 0x00, 0x80) }), '--suite', suite], 'DOCKERFILE_INVALID', 'Dockerfile'],
    ['a manifest that does not fit', () => ['start', directoryOf('manifest', { Dockerfile: dockerfile, 'reprise.yaml': `${manifest}claim:\n  open: 93\n` }), '--suite', suite], 'MANIFEST_INVALID', 'line 5'],
    ['an unknown track', ['start', join(submissions, 'server-500'), '--suite', suite, '--track', 'tpu'], 'USAGE', 'tpu'],
    ['a date that is none', ['start', join(submissions, 'server-500'), '--suite', suite, '--as-of', 'yesterday'], 'REQUEST_INVALID', 'asOf'],
    ['a suite with a duplicate id', () => ['start', join(submissions, 'server-500'), '--suite', directoryOf('twice', { 'open/a.jsonl': `${question}\n${question}\n` })], 'SUITE_INVALID', 'a.jsonl line 2'],
    ['a suite with a broken line', () => ['start', join(submissions, 'server-500'), '--suite', directoryOf('line', { 'open/a.jsonl': `${question}\n{"id"\n` })], 'SUITE_INVALID', 'a.jsonl line 2'],
    ['a suite with an unknown metric', () => ['start', join(submissions, 'server-500'), '--suite', directoryOf('metric', { 'open/a.jsonl': question.replace('exact_match', 'vibes') })], 'SUITE_INVALID', 'vibes'],
    ['no suite', ['start', join(submissions, 'server-500')], 'USAGE', 'no suite of questions'],
    ['several submissions', () => {
      const directory = join(scratch, 'several');
      for (const name of ['one', 'two']) cpSync(join(submissions, 'server-500'), join(directory, name), { recursive: true });
      return ['start', directory, '--suite', suite];
    }, 'SEVERAL_SUBMISSIONS', 'one, two'],
    ['no such run', ['status', 'nothing-0123456789'], 'USAGE', 'nothing-0123456789'],
  ])('%s', async (_what, args, code, said) => {
    const { exitCode, stdout } = await reprise([...(typeof args === 'function' ? args() : args), '--json']);
    const report = JSON.parse(stdout) as { code: string; message: string; nextStep: string };
    expect(report.code).toBe(code);
    expect(report.message).toContain(said);
    expect(report.nextStep).not.toBe('');
    expect(exitCode).toBe(2);
  });
});

describe('what is not up is said, with the next step', () => {
  it.each([
    ['Temporal', { REPRISE_TEMPORAL_ADDRESS: '127.0.0.1:1' }, 4, 'reprise up'],
    ['the object store', { REPRISE_S3_ENDPOINT: 'http://127.0.0.1:1' }, 3, 'reprise doctor'],
  ])('%s', async (_what, environment, expected, next) => {
    const { exitCode, stdout } = await reprise(['start', join(submissions, 'server-500'), '--suite', suite, '--json'], environment);
    expect(JSON.parse(stdout)).toMatchObject({ nextStep: expect.stringContaining(next) });
    expect(exitCode).toBe(expected);
  });
});

describe('a submission that does not reproduce', () => {
  const cases: [string, string, string, RegExp][] = [
    ['build-copy-missing', 'build', 'BUILD_COPY_MISSING', /Dockerfile\.train line \d+/],
    ['build-step-fails', 'build', 'BUILD_STEP_FAILED', /line \d+/],
    ['train-exits-1', 'train', 'TRAIN_EXIT', /exit code 1/],
    ['train-out-of-memory', 'train', 'TRAIN_OUT_OF_MEMORY', /memory/],
    ['train-out-of-time', 'train', 'TRAIN_TIMEOUT', /budget/],
    ['train-writes-nothing', 'train', 'TRAIN_OUTPUT_MISSING', /output/],
    ['server-exits', 'evaluate-open', 'SERVE_EXITED', /exit/],
    ['server-never-ready', 'evaluate-open', 'SERVE_NOT_READY', /./],
    ['server-garbage', 'evaluate-open', 'SERVE_NO_USABLE_ANSWER', /./],
    ['server-500', 'evaluate-open', 'SERVE_NO_USABLE_ANSWER', /http-500/],
    ['server-10-mb', 'evaluate-open', 'SERVE_NO_USABLE_ANSWER', /too-large/],
  ];
  const finished = new Map<string, Promise<Finished>>();
  // All at once: they wait for engine and deadlines rather than for each other.
  beforeAll(() => {
    for (const [name] of cases) finished.set(name, reprise(['start', join(submissions, name), '--suite', suite, '--watch', '--json']));
  });

  it.each(cases)('%s fails in %s with %s', async (name, stage, code, message) => {
    const { exitCode, stdout, stderr } = (await finished.get(name)) as Finished;
    expect(stdout, `exit code ${exitCode}\n${stderr}`).not.toBe('');
    const run = JSON.parse(stdout) as Run;
    const outcome = run.stages.find((each) => each.name === stage)?.outcome;
    expect(outcome, JSON.stringify(run.stages, null, 1)).toMatchObject({ status: 'failed', code, fault: 'submission' });
    expect(outcome?.message).toMatch(message);
    expect(run.status).toBe('failed');
    expect(run.manifestKey).toBeDefined();
    expect(exitCode).toBe(1);
    expect(await leftInEngine(run.run)).toEqual([]);
    expect((await reprise(['audit', run.run])).exitCode).toBe(0);
  });
});
