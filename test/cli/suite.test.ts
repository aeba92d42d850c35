import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const hidden = 'What is the hidden word?';
let scratch: string;
let directory: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-suite-command-'));
  directory = join(scratch, 'suite');
  for (const [stage, prompt] of [['open', 'Shown?'], ['closed', hidden]]) {
    mkdirSync(join(directory, stage ?? ''), { recursive: true });
    writeFileSync(join(directory, stage ?? '', 's.jsonl'), `${JSON.stringify({ id: `${stage}-1`, prompt, references: ['x'], metrics: ['exact_match'] })}\n`);
  }
  writeFileSync(join(scratch, 'suite.key'), '0a'.repeat(32));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function suite(args: string[], key = 'suite.key'): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const env = { REPRISE_HOME: join(scratch, 'home'), REPRISE_SUITE_KEY_FILE: join(scratch, key) };
  const { exitCode, stdout, stderr } = await execa('node', [join(root, 'cli', 'reprise.mjs'), 'suite', ...args], { env, reject: false });
  return { exitCode, stdout, stderr };
}

describe('reprise suite', () => {
  it('shows counts and no closed text', async () => {
    const { stdout, exitCode } = await suite(['show', directory]);
    expect(stdout).toMatch(/closed\s+s\s+1 questions/);
    expect(stdout).not.toContain('hidden');
    expect(exitCode).toBe(0);
  });

  it.each<[string, string[], string, number, boolean]>([
    ['open ones when asked', ['--questions'], 'suite.key', 0, false],
    ['closed ones when asked with the key', ['--questions', '--closed'], 'suite.key', 0, true],
    ['no closed ones without the key', ['--questions', '--closed'], 'none.key', 4, false],
  ])('prints %s', async (_what, options, key, exitCode, isShown) => {
    const finished = await suite(['show', directory, ...options], key);
    expect(finished.exitCode).toBe(exitCode);
    expect(finished.stdout.includes(hidden)).toBe(isShown);
  });

  it('encrypts, shows and samples what is sealed', async () => {
    const [sealed, coarse] = [join(scratch, 'sealed'), join(scratch, 'coarse')];
    expect((await suite(['encrypt', directory, '--out', sealed])).stdout).toContain('1 closed questions');
    expect(readFileSync(join(sealed, 'closed.sealed')).includes('hidden')).toBe(false);
    expect(JSON.parse((await suite(['show', sealed, '--json'])).stdout)).toMatchObject({ schema: 'reprise.suite-view/v1', scenarios: [{ stage: 'open' }, { stage: 'closed', questions: 1 }] });
    expect(JSON.parse((await suite(['sample', sealed, '--budget', '5', '--out', coarse, '--json'])).stdout)).toMatchObject({ schema: 'reprise.suite-sample/v1', budget: 5 });
  });

  it.each<[string, (path: string) => string[], string]>([
    ['a suite that is wrong', (path) => ['lint', path], 'open/s.jsonl line 2'],
    ['a definition that is none', (path) => ['build', join(path, 'none.yaml'), '--out', join(path, 'out')], 'none.yaml: cannot be read'],
    ['a budget that is no number', (path) => ['sample', path, '--budget', 'all', '--out', join(path, 'out')], 'whole number'],
  ])('ends with 2 for %s', async (_what, args, words) => {
    const wrong = join(scratch, 'wrong');
    mkdirSync(join(wrong, 'open'), { recursive: true });
    writeFileSync(join(wrong, 'open', 's.jsonl'), `${JSON.stringify({ id: 'a', prompt: 'x', references: ['x'], metrics: ['exact_match'] })}\n{\n`);
    const { exitCode, stdout, stderr } = await suite(args(wrong));
    expect(stdout + stderr).toContain(words);
    expect(exitCode).toBe(2);
  });
});
