import type { BuildInput, InputKind, InputVerdict } from '../../domain/index.ts';
import type { Checkout } from './commands/git.ts';
import type { BuildContext } from './copy-sources.ts';
import type { ImageFiles } from './image-files.ts';
import type { ShellCommand } from './shell.ts';
import type { Lookup } from './words.ts';

/** Why an input cannot be determined even by a recording of today, or not at all. */
export type Resistance = 'gone' | 'gated' | 'credential' | 'missing-file' | 'no-time-data' | 'mutable-url' | 'nondeterministic-script';

/** What a reader of commands knows besides the command itself. */
export interface Reading {
  context: BuildContext;
  image: ImageFiles;
  lookup: Lookup;
  /** The commands of the same RUN, in order. */
  siblings: readonly ShellCommand[];
  /** Checkouts of the same stage: a clone is exact where one of a commit follows it. */
  checkouts: readonly Checkout[];
  /** Whether the stage adds a package source outside of the distribution. */
  foreignSources: boolean;
  /** Functions that the same text defines. */
  functions: ReadonlySet<string>;
  /** Follows a shell text from a file of the context; inputs come back with the line of `command`. */
  followShell(text: string, command: ShellCommand, file: string): Promise<BuildInput[]>;
  /** Files on the way, so that a script that calls itself ends. */
  following: readonly string[];
}

/** The inputs of a command, or undefined where the reader does not know it. */
export type CommandReader = (command: ShellCommand, reading: Reading) => Promise<BuildInput[]> | BuildInput[] | undefined;

/** Longest `spec` that a report carries. */
const specCharacters = 300;

export function input(kind: InputKind, spec: string, line: number, verdict: InputVerdict, reason?: string): BuildInput {
  return { kind, spec: spec.slice(0, specCharacters), line, verdict, ...(reason === undefined ? {} : { reason }) };
}

export function resists(kind: InputKind, spec: string, line: number, resistance: Resistance, words: string): BuildInput {
  return input(kind, spec, line, 'resists', `${resistance}: ${words}`);
}
