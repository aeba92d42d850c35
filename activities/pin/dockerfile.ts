import { DockerfileParser, Keyword } from 'dockerfile-ast';
import { limits } from '../../domain/index.ts';
import { type Instruction, readInstructions } from './instructions.ts';
import { expandWord, splitWords, type Lookup } from './words.ts';

export type { Instruction };

export interface Stage {
  index: number;
  name?: string;
  from: Instruction;
  /** The base after expansion, and what of it has no value. */
  base: string;
  unresolved: string[];
  /** The earlier stage that this one continues. */
  parent?: number;
  instructions: Instruction[];
}

export interface Dockerfile {
  text: string;
  escape: string;
  lines: string[];
  stages: Stage[];
  /** ARG before the first FROM: seen by FROM, and by stages that repeat it. */
  globals: Map<string, string>;
  problems: DockerfileProblem[];
}

/** Why the builder refuses the file. */
export interface DockerfileProblem {
  line: number;
  kind: 'empty' | 'not-text' | 'too-large' | 'no-instruction' | 'no-stage' | 'incomplete';
  message: string;
}

const keywords = new Set<string>(Object.values(Keyword));

/**
 * Reads a Dockerfile as the builder does; never throws. What the builder would refuse stands in `problems` (the pin stage
 * turns the first into DOCKERFILE_INVALID, `reprise check` lists them all). No bytes: a file that is not to be had.
 */
export function parseDockerfile(bytes: Uint8Array | undefined): Dockerfile {
  if (!bytes) return refused('too-large', `the Dockerfile cannot be read, or is far larger than the ${limits.dockerfileBytes} bytes that are`);
  if (bytes.byteLength > limits.dockerfileBytes)
    return refused('too-large', `the Dockerfile has ${bytes.byteLength} bytes; ${limits.dockerfileBytes} are read`);
  const text = decode(bytes);
  if (text === undefined) return refused('not-text', 'the Dockerfile is not UTF-8 text', lineOfFirstWrongByte(bytes));
  if (longestInstruction(text) > limits.dockerfileInstructionCharacters) {
    return refused('too-large', `an instruction has more than ${limits.dockerfileInstructionCharacters} characters`);
  }
  const parsed = DockerfileParser.parse(text);
  const instructions = readInstructions(text, parsed.getInstructions(), parsed.getEscapeCharacter());
  if (instructions.length === 0) return { ...refused('empty', 'the Dockerfile has no instruction'), text };
  return arrange(text, parsed.getEscapeCharacter(), instructions);
}

/** What `words` of an instruction are after expansion, quotes taken away. */
export function wordsOf(instruction: Instruction, escape: string, lookup: Lookup): { value: string; unresolved: string[] }[] {
  const text = instruction.heredocs.length > 0 ? (instruction.text.split('\n')[0] ?? '') : instruction.text;
  const words = instruction.json ?? splitWords(text, escape);
  return words.map((word) => (instruction.json ? expandWord(word.replaceAll(/["'\\]/g, '\\$&'), lookup) : expandWord(word, lookup, escape)));
}

/** `A=b C="d e"` or the old `A b c` of ENV and ARG as pairs, unexpanded; a missing value is undefined. */
export function assignmentsOf(instruction: Instruction, escape: string): [string, string | undefined][] {
  const words = splitWords(instruction.text, escape);
  const first = words[0];
  if (instruction.keyword === 'ENV' && first !== undefined && !first.includes('=')) {
    return [[first, instruction.text.trim().slice(first.length).trim()]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function refused(kind: DockerfileProblem['kind'], message: string, line = 1): Dockerfile {
  return { ...emptyDockerfile(), problems: [{ line, kind, message }] };
}

function arrange(text: string, escape: string, instructions: Instruction[]): Dockerfile {
  const dockerfile: Dockerfile = { ...emptyDockerfile(), text, escape, lines: text.split('\n') };
  for (const instruction of instructions) {
    const { keyword, line } = instruction;
    const stage = dockerfile.stages.at(-1);
    if (!keywords.has(keyword)) {
      dockerfile.problems.push({ line, kind: 'no-instruction', message: `\`${keyword.slice(0, 40)}\` is no instruction of a Dockerfile` });
    } else if (instruction.text.trim() === '' && keyword !== 'CMD' && keyword !== 'ENTRYPOINT') {
      dockerfile.problems.push({ line, kind: 'incomplete', message: `${keyword} has no argument` });
    } else if (keyword === 'ONBUILD' && /^\s*(?:FROM|ONBUILD|MAINTAINER)\b/i.test(instruction.text)) {
      dockerfile.problems.push({ line, kind: 'no-instruction', message: `\`ONBUILD ${instruction.text.trim().split(/\s/, 1)[0]}\` is refused: no base image may have it as a trigger` });
    } else if (keyword === 'FROM') {
      dockerfile.stages.push(stageOf(dockerfile, instruction));
    } else if (stage) {
      stage.instructions.push(instruction);
    } else if (keyword === 'ARG') {
      addGlobals(dockerfile, instruction);
    } else {
      dockerfile.problems.push({ line, kind: 'no-stage', message: `${keyword} stands before the first FROM` });
    }
  }
  if (dockerfile.stages.length === 0 && dockerfile.problems.length === 0) {
    dockerfile.problems.push({ line: 1, kind: 'no-stage', message: 'the Dockerfile has no FROM' });
  }
  return dockerfile;
}

function stageOf(dockerfile: Dockerfile, from: Instruction): Stage {
  const words = wordsOf(from, dockerfile.escape, (name) => dockerfile.globals.get(name));
  const base = words[0] ?? { value: '', unresolved: [] };
  const name = words[1]?.value.toUpperCase() === 'AS' ? words[2]?.value.toLowerCase() : undefined;
  const parent = dockerfile.stages.findLast((stage) => stage.name === base.value.toLowerCase())?.index;
  return {
    index: dockerfile.stages.length,
    from,
    base: base.value,
    unresolved: base.unresolved,
    instructions: [],
    ...(name === undefined ? {} : { name }),
    ...(parent === undefined ? {} : { parent }),
  };
}

function addGlobals(dockerfile: Dockerfile, instruction: Instruction): void {
  for (const [name, value] of assignmentsOf(instruction, dockerfile.escape)) {
    if (value === undefined) continue;
    dockerfile.globals.set(name, expandWord(value, (each) => dockerfile.globals.get(each), dockerfile.escape).value);
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function lineOfFirstWrongByte(bytes: Uint8Array): number {
  const before = new TextDecoder('utf-8').decode(bytes).split('�')[0] ?? '';
  return before.split('\n').length;
}

function longestInstruction(text: string): number {
  return text.split('\n').reduce((longest, line) => Math.max(longest, line.length), 0);
}

function emptyDockerfile(): Dockerfile {
  return { text: '', escape: '\\', lines: [], stages: [], globals: new Map(), problems: [] };
}
