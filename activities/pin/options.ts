import type { ShellWord } from './shell-words.ts';

export interface Options {
  /** Words that are no options, in order. */
  operands: ShellWord[];
  /** Every option with its value where it takes one: `--index-url` -> [word]. */
  values: Map<string, ShellWord[]>;
  flags: Set<string>;
}

/** Splits a command's words; `takesValue` lists the options whose value is the next word (`--x=y` needs no listing). */
export function readOptions(words: readonly ShellWord[], takesValue: ReadonlySet<string>): Options {
  const options: Options = { operands: [], values: new Map(), flags: new Set() };
  const keep = (name: string, value: ShellWord): void => void options.values.set(name, [...(options.values.get(name) ?? []), value]);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as ShellWord;
    const { value } = word;
    const next = words[index + 1];
    if (value === '--') {
      options.operands.push(...words.slice(index + 1));
      break;
    }
    const equals = value.startsWith('--') ? value.indexOf('=') : -1;
    if (!value.startsWith('-') || value === '-') options.operands.push(word);
    else if (equals > 0) keep(value.slice(0, equals), { ...word, value: value.slice(equals + 1) });
    else if (takesValue.has(value) && next) {
      keep(value, next);
      index += 1;
    } else if (/^-[A-Za-z]./.test(value) && takesValue.has(value.slice(0, 2))) keep(value.slice(0, 2), { ...word, value: value.slice(2) });
    else options.flags.add(value);
  }
  return options;
}

export function valuesOf(options: Options, ...names: string[]): ShellWord[] {
  return names.flatMap((name) => options.values.get(name) ?? []);
}

/** The first subcommand and the words after it: `pip --quiet install x` -> ['install', [x]]. */
export function subcommandOf(words: readonly ShellWord[], takesValue: ReadonlySet<string> = new Set()): [string | undefined, ShellWord[]] {
  for (let index = 0; index < words.length; index += 1) {
    const { value } = words[index] as ShellWord;
    if (!value.startsWith('-')) return [value, words.slice(index + 1)];
    if (takesValue.has(value)) index += 1;
  }
  return [undefined, []];
}
