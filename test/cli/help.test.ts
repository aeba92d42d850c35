import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.ts';

const root = join(import.meta.dirname, '..', '..');
const run = (args: string[]) => execaSync('node', [join(root, 'cli', 'main.ts'), ...args], { reject: false, preferLocal: true, localDir: root });
const commands = createProgram().commands;
const names = commands.map((command) => command.name());

describe('every command', () => {
  it('that is promised is there', () => {
    const promised = ['up', 'down', 'doctor', 'start', 'watch', 'status', 'logs', 'cancel', 'retry', 'list', 'check', 'pin', 'scan', 'score', 'metric', 'rescore', 'audit', 'export', 'reproduce'] as const;
    expect(promised.filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(names)('%s has a help with an example', (name) => {
    const command = commands.find((each) => each.name() === name);
    let help = '';
    command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toMatch(/Examples?:\n {2}(\w+=\S+ )?reprise /);
  });

  it('offers its result as JSON and names the shape, unless lines are all it prints', () => {
    const leaves = commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));
    const withoutSchema = leaves.filter((command) => !/reprise\.[a-z-]+\/v\d/.test(command.options.find(({ long }) => long === '--json')?.description ?? ''));
    expect(withoutSchema.map((command) => command.name())).toEqual(['logs', 'metric', 'results']);
  });

  it('prints its help on stdout and exits with 0', () => {
    expect(run(['start', '--help'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Usage: reprise start') });
  });
});

it('an unknown command and a missing argument are wrong usage, said on stderr', () => {
  for (const args of [['launch'], ['watch']]) {
    const { exitCode, stdout, stderr } = run(args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('error:');
  }
});

it('the exit codes in the README are those of the command', () => {
  const documented = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  const source = readFileSync(join(root, 'cli', 'exit-codes.ts'), 'utf8');
  const defined = [.../exitCodes = \{ (.*) \}/.exec(source)?.[1]?.matchAll(/: (\d+)/g) ?? []].map(([, code]) => Number(code));
  expect(documented).toEqual(defined);
});
