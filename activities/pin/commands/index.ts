import type { BuildInput } from '../../../domain/index.ts';
import { input, resists, type CommandReader, type Reading } from '../reading.ts';
import type { ShellCommand } from '../shell.ts';
import { readDownload } from './download.ts';
import { readGit } from './git.ts';
import { harmless } from './harmless.ts';
import { readHub } from './hub.ts';
import { isConda, isNpm, readConda, readNpm, readOtherLanguages } from './packages.ts';
import { readPip } from './pip.ts';
import { readProgramFile, readScript } from './scripts.ts';
import { commandLine, readPrivate, readSystem } from './system.ts';
import { nondeterminismOf } from './training.ts';

const readers: CommandReader[] = [
  readPip,
  readSystem,
  readGit,
  readHub,
  readDownload,
  (command, reading) => (isConda(command) ? readConda(command, reading) : undefined),
  (command, reading) => (isNpm(command) ? readNpm(command, reading) : undefined),
  readOtherLanguages,
  readPrivate,
  readScript,
];

/**
 * What one command takes in. Every command gets an answer: one that no reader knows and that is not known to be harmless
 * is an input that only a recording can determine.
 */
export async function readCommand(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  const inputs = await inputsOf(command, reading);
  const why = nondeterminismOf(command);
  if (why === undefined) return inputs;
  // A recording answers what such a program asks, and cannot make it do the same again.
  const others = inputs.filter(({ kind }) => kind !== 'script');
  return [...others, resists('script', commandLine(command), command.line, 'nondeterministic-script', why)];
}

async function inputsOf(command: ShellCommand, reading: Reading): Promise<BuildInput[]> {
  if (command.words.some((word) => word.value === '--version') && command.words.length === 1) return [];
  for (const read of readers) {
    const inputs = await read(command, reading);
    if (inputs !== undefined) return inputs;
  }
  const ownFile = command.program.includes('/') && !/^\/(usr\/(local\/)?)?s?bin\//.test(command.program);
  if (ownFile) return readProgramFile(command.program, command, reading);
  if (harmless.has(command.name) || reading.functions.has(command.name)) return [];
  return [input('script', commandLine(command), command.line, 'by-recording', 'not followed; what it fetches shows in a recording')];
}
