import { posix } from 'node:path';
import type { BuildInput } from '../../../domain/index.ts';
import { contextPathOf } from '../image-files.ts';
import { mayBeMade } from '../made-files.ts';
import { readOptions, subcommandOf, valuesOf, type Options } from '../options.ts';
import { pipOptionsWithValue, relatedOptionsWithValue } from '../pip-options.ts';
import { otherIndexOf } from '../other-indexes.ts';
import { pipInput, type PipSource } from '../pip-specs.ts';
import { input, resists, type Reading } from '../reading.ts';
import { readRequirements } from '../requirements.ts';
import type { ShellCommand } from '../shell.ts';
import type { ShellWord } from '../shell-words.ts';
import { commandLine } from './system.ts';

/** `pip install …` in its spellings; undefined where the command is none of pip's. */
export function readPip(command: ShellCommand, reading: Reading): Promise<BuildInput[]> | BuildInput[] | undefined {
  const words = pipWords(command);
  if (!words) return undefined;
  const [subcommand, rest] = subcommandOf(words, pipOptionsWithValue);
  if (command.name === 'uv' && subcommand === 'sync') return synced(readOptions(rest, relatedOptionsWithValue), command, reading);
  if (subcommand !== 'install' && subcommand !== 'download' && subcommand !== 'wheel') return [];
  const options = readOptions(rest, command.name === 'uv' || subcommand !== 'install' ? relatedOptionsWithValue : pipOptionsWithValue);
  return installed(options, command, reading);
}

/** The words after pip: `python -m pip install x`, `uv pip install x`, `pip3.10 install x`. */
export function pipWords(command: ShellCommand): ShellWord[] | undefined {
  if (/^pip[\d.]*$/.test(command.name)) return command.words;
  const [first] = command.words;
  if (command.name === 'uv' && first?.value === 'pip') return command.words.slice(1);
  if (command.name === 'pipx') return command.words;
  if (!/^(python|pypy)[\d.]*$/.test(command.name)) return undefined;
  const module = command.words.findIndex((word) => word.value === '-m');
  if (module >= 0 && command.words[module + 1]?.value === 'pip' && command.words.slice(0, module).every((word) => word.value.startsWith('-'))) {
    return command.words.slice(module + 2);
  }
  return first?.value === '-mpip' ? command.words.slice(1) : undefined;
}

/** `uv pip sync` takes requirements files as its operands. */
async function synced(options: Options, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const source = await sourceOf(options, command, reading);
  return (await Promise.all(options.operands.map((word) => fromFile(word, source, command, reading)))).flat();
}

async function installed(options: Options, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const source = await sourceOf(options, command, reading);
  const constrained = await constraintsOf(options, command, reading);
  const inputs: BuildInput[] = [];
  const named = [...options.operands, ...valuesOf(options, '-e', '--editable')];
  const files = valuesOf(options, '-r', '--requirement');
  if (named.length + files.length === 0 && !options.flags.has('--help')) return [input('pip', commandLine(command), command.line, 'by-recording', 'what it installs shows only while building')];
  for (const word of files) inputs.push(...(await fromFile(word, { ...source, constrained }, command, reading)));
  for (const word of named) {
    inputs.push(pipInput(word.value, command.line, { ...source, constrained }, word.unresolved));
  }
  return inputs;
}

async function sourceOf(options: Options, command: ShellCommand, reading: Reading): Promise<PipSource> {
  const given = valuesOf(options, '-i', '--index-url', '--extra-index-url', '--index', '--default-index', '-f', '--find-links', '--pypi-url').map((word) => word.value);
  // A directory of the image holds what an earlier step put there, which that step's inputs are.
  const otherIndex = await otherIndexOf(command.name === 'uv' ? 'uv' : 'pip', command, reading, given);
  return { ...(otherIndex === undefined ? {} : { otherIndex }), ...(options.flags.has('--no-index') ? { inImage: true } : {}) };
}

async function constraintsOf(options: Options, command: ShellCommand, reading: Reading): Promise<Map<string, string>> {
  const fixed = new Map<string, string>();
  for (const word of valuesOf(options, '-c', '--constraint')) {
    const path = locate(word.value, command, reading);
    const read = path === undefined ? undefined : await readRequirements(reading.context.files, path);
    for (const { spec } of read?.lines ?? []) {
      const match = /^([\w.-]+)(?:\[[^\]]*\])?\s*===?\s*([\w.!+-]+)/.exec(spec);
      if (match) fixed.set((match[1] as string).toLowerCase().replaceAll(/[-_.]+/g, '-'), match[2] as string);
    }
  }
  return fixed;
}

async function fromFile(word: ShellWord, source: PipSource, command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const spec = `-r ${word.value}`;
  if (/^https?:/.test(word.value)) return [input('pip', spec, command.line, 'by-recording', 'requirements from an address without a hash')];
  const path = locate(word.value, command, reading);
  const read = path === undefined ? undefined : await readRequirements(reading.context.files, path);
  if (!read) return [unreadable(spec, word, command, reading)];
  const otherIndex = source.otherIndex ?? (await otherIndexOf('pip', command, reading, read.indexes));
  const effective = {
    ...source,
    ...(otherIndex === undefined ? {} : { otherIndex }),
    constrained: new Map([...(source.constrained ?? []), ...read.constraints]),
  };
  return [
    ...read.lines.map((each) => pipInput(each.spec, command.line, effective)),
    ...read.missing.map((each) => resists('pip', `-r ${each.spec}`, command.line, 'missing-file', `${each.file}, line ${each.line}, names it`)),
  ];
}

function unreadable(spec: string, word: ShellWord, command: ShellCommand, reading: Reading): BuildInput {
  if (word.unresolved.length > 0)
    return input('pip', spec, command.line, 'by-recording', `the value of ${word.unresolved.join(', ')} shows only while building`);
  if (reading.image.fetched.length > 0) return input('pip', spec, command.line, 'by-recording', 'the file comes from what the build fetches');
  if (isMade(word.value, command, reading)) return input('pip', spec, command.line, 'by-recording', 'the file is made while building');
  return resists('pip', spec, command.line, 'missing-file', 'no COPY brings this file into the image');
}

/** Whether an earlier step, or another stage, may have made the file. */
export function isMade(path: string, command: ShellCommand, { image }: Reading): boolean {
  if (command.directory === undefined && !path.startsWith('/')) return true;
  return mayBeMade(image, posix.resolve('/', command.directory ?? '/', path));
}

export function locate(path: string, command: ShellCommand, reading: Reading): string | undefined {
  if (command.directory === undefined && !path.startsWith('/')) return undefined;
  return contextPathOf(reading.image, reading.context, posix.resolve('/', command.directory ?? '/', path));
}
