import { posix } from 'node:path';
import type { ShellWord } from './shell-words.ts';

/** Programs that run another one: how many words of their own they take, and which of their flags take a value. */
const wrappers: Record<string, { flagsWithValue?: string[]; operands?: number; assignments?: boolean; subcommand?: string }> = {
  sudo: { flagsWithValue: ['-u', '-g', '-h', '-p'], assignments: true },
  gosu: { operands: 1 },
  env: { flagsWithValue: ['-u', '-C', '-S'], assignments: true },
  time: {},
  nohup: {},
  exec: { flagsWithValue: ['-a'] },
  command: {},
  builtin: {},
  nice: { flagsWithValue: ['-n'] },
  ionice: { flagsWithValue: ['-c', '-n'] },
  timeout: { flagsWithValue: ['-s', '-k'], operands: 1 },
  xargs: { flagsWithValue: ['-n', '-P', '-I', '-d', '-L', '-a'] },
  tini: { flagsWithValue: ['-e', '-p'] },
  conda: { subcommand: 'run', flagsWithValue: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  mamba: { subcommand: 'run', flagsWithValue: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  micromamba: { subcommand: 'run', flagsWithValue: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  poetry: { subcommand: 'run' },
  pipenv: { subcommand: 'run' },
  uv: { subcommand: 'run', flagsWithValue: ['--with', '--python', '-p'] },
};

const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'ksh', 'su', 'eval', 'runuser']);

export interface Unwrapped {
  /** The program that really runs, with its words; empty where only a script runs. */
  words: ShellWord[];
  /** Text that a shell is given (`sh -c`, eval). */
  script?: ShellWord;
}

/** Takes sudo, env, timeout, `conda run` and the like away, and finds the text that `sh -c` is given. */
export function unwrap(words: ShellWord[]): Unwrapped {
  let rest = words;
  for (let count = 0; count < 16; count += 1) {
    const inner = unwrapOnce(rest);
    if (!inner) break;
    rest = inner;
  }
  const script = scriptOf(rest);
  return script ? { words: [], script } : { words: rest };
}

function unwrapOnce(words: ShellWord[]): ShellWord[] | undefined {
  const rule = wrappers[posix.basename(words[0]?.value ?? '')];
  if (!rule) return undefined;
  let index = 1;
  if (rule.subcommand !== undefined) {
    if (words[1]?.value !== rule.subcommand) return undefined;
    index = 2;
  }
  for (; index < words.length; index += 1) {
    const value = words[index]?.value ?? '';
    if (value === '--') {
      index += 1;
      break;
    }
    if (rule.flagsWithValue?.includes(value)) index += 1;
    else if (!value.startsWith('-') && !(rule.assignments && /^\w+=/.test(value))) break;
  }
  const inner = words.slice(index + (rule.operands ?? 0));
  return inner.length > 0 ? inner : undefined;
}

function scriptOf(words: ShellWord[]): ShellWord | undefined {
  const program = posix.basename(words[0]?.value ?? '');
  if (!shells.has(program)) return undefined;
  if (program === 'eval')
    return {
      value: words
        .slice(1)
        .map((word) => word.value)
        .join(' '),
      unresolved: words.flatMap((word) => word.unresolved),
    };
  const flag = words.findIndex((word, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(word.value));
  return flag < 0 ? undefined : words[flag + 1];
}
