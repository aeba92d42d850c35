import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../cli/exit-codes.ts';
import { readGivenSecrets, valuesFor } from '../../cli/secrets.ts';

const value = 'no-token-0123456789';
const directory = mkdtempSync(join(tmpdir(), 'reprise-secrets-'));

function fileWith(text: string): string {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.txt`);
  writeFileSync(path, text);
  return path;
}

describe('--secret', () => {
  it.each([
    ['an environment variable', 'HF_TOKEN', value],
    ['a file', `HF_TOKEN=@${fileWith(value)}`, value],
    ['a file that ends with a newline, which is none of it', `HF_TOKEN=@${fileWith(`${value}\n`)}`, value],
    ['a file of several lines, as it is', `HF_TOKEN=@${fileWith(`${value}\n${value}\n`)}`, `${value}\n${value}\n`],
  ])('takes the value of %s', async (_what, spec, expected) => {
    expect(await readGivenSecrets([spec], { HF_TOKEN: value })).toEqual({ HF_TOKEN: expected });
  });

  it.each([
    ['a variable that is not set', 'HF_TOKEN', {}, 4, 'HF_TOKEN is not set'],
    ['a file that is not there', 'HF_TOKEN=@/nowhere', {}, 2, '/nowhere cannot be read'],
    ['a value on the command line', `HF_TOKEN=${value}`, {}, 2, 'never its value'],
    ['a value in place of a name', value, {}, 2, 'never its value'],
    ['a value too short to be told from a word', 'HF_TOKEN', { HF_TOKEN: 'short-1' }, 2, '8 characters or more'],
    ['a value of one character', 'HF_TOKEN', { HF_TOKEN: 'xxxxxxxxxxxx' }, 2, 'not all alike'],
    ['a value of a megabyte', `HF_TOKEN=@${fileWith('0123456789'.repeat(100_000))}`, {}, 2, 'at most'],
  ])('refuses %s without repeating it', async (_what, spec, environment, exitCode, said) => {
    const report = describeError(await readGivenSecrets([spec], environment).catch((error: unknown) => error));
    expect(report).toMatchObject({ exitCode, message: expect.stringContaining(said) });
    expect(report.message + report.nextStep).not.toContain(value);
  });
});

describe('what a submission gets', () => {
  it('is what it declares, named for the run or set as REPRISE_SECRET_<NAME>', () => {
    expect(valuesFor(['A', 'B'], { A: value }, { REPRISE_SECRET_A: 'another-value-1', REPRISE_SECRET_B: 'another-value-2', REPRISE_SECRET_C: 'another-value-3' })).toEqual({ A: value, B: 'another-value-2' });
  });

  it('is refused where it is not given, or not declared', () => {
    expect(() => valuesFor(['A'], {}, {})).toThrow('the submission needs A, which is not given');
    expect(() => valuesFor([], { A: value }, {})).toThrow('the submission does not ask for the secret A');
  });
});
