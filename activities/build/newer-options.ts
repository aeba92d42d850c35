import { posix } from 'node:path';
import type { Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ExtraEntry } from '../io/trees.ts';
import { matchSource } from '../pin/copy-sources.ts';
import { parseDockerfile, wordsOf } from '../pin/dockerfile.ts';
import { stepsOf, type Step } from '../pin/scope.ts';
import { normalised, sourceFiles } from '../pin/source-files.ts';
import { expandWord } from '../pin/words.ts';
import { isAddress } from './added-addresses.ts';
import type { AddedStage } from './added-stages.ts';
import { documentsDirectory, modeOf } from './heredocs.ts';

/** Files of the context that an instruction takes with a mode of its own; they lie below `directory` once more. */
export interface ModeCopy {
  directory: string;
  sources: string[];
  mode: number;
}

/**
 * The Dockerfile without options that only BuildKit knows: `--link` says nothing of what is in the image; `--chmod` becomes the mode
 * that the files have in the context, or, where they come from another stage or image, in a stage that continues that one. No
 * instruction and no line moves. Failures: DOCKERFILE_UNSUPPORTED for a mode or a source that cannot be told before the build.
 */
export function withoutNewerOptions(name: string, text: string): { text: string; copies: ModeCopy[]; stages: AddedStage[] } {
  const dockerfile = parseDockerfile(Buffer.from(text));
  const lines = [...dockerfile.lines];
  const copies: ModeCopy[] = [];
  const stages: AddedStage[] = [];
  for (const step of stepsOf(dockerfile)) {
    const { keyword, flags, options, line, endLine } = step.instruction;
    if ((keyword !== 'COPY' && keyword !== 'ADD') || (flags['link'] === undefined && flags['chmod'] === undefined)) continue;
    const words = wordsOf(step.instruction, dockerfile.escape, step.scope.lookup);
    const target = step.instruction.json?.at(-1) ?? words.at(-1)?.value ?? '';
    const sources = words.slice(0, -1).map(({ value }) => value);
    const mode = modeOf(flags['chmod'] && expandWord(flags['chmod'], step.scope.lookup, dockerfile.escape).value, `${name} line ${line}`);
    const elsewhere = mode !== undefined && flags['from'] !== undefined;
    if (elsewhere) stages.push(stageWithMode(step, `reprise-modes-${stages.length + 1}`, sources, mode, `${name} line ${line}`));
    const taken = mode === undefined || elsewhere || sources.some(isAddress) ? sources : moded(copies, sources, mode);
    const newer = options.filter((option) => !option.startsWith('--link') && (sources.some(isAddress) || !option.startsWith('--chmod=')));
    const kept = newer.map((option) => (elsewhere && option.startsWith('--from=') ? `--from=${stages.at(-1)?.name}` : option));
    const lineEnd = lines[line - 1]?.endsWith('\r') ? '\r' : '';
    lines[line - 1] = `${[keyword, ...kept, JSON.stringify([...taken, target])].join(' ')}${lineEnd}`;
    lines.fill(lineEnd, line, endLine);
  }
  return { text: lines.join('\n'), copies, stages };
}

function moded(copies: ModeCopy[], sources: string[], mode: number): string[] {
  const directory = `.reprise/modes/${copies.length + 1}`;
  copies.push({ directory, sources, mode });
  return sources.map((source) => (source.startsWith(documentsDirectory) ? source : `${directory}/${normalised(source)}`));
}

/** What is copied out of it has the mode; the layer that says so is no part of the image. */
function stageWithMode({ stage, instruction }: Step, name: string, sources: string[], mode: number, place: string): AddedStage {
  const open = sources.find((source) => source.includes('$'));
  if (open !== undefined) throw failure('DOCKERFILE_UNSUPPORTED', `${place}: --chmod of ${open} of another image is not built here, as it has no value in the Dockerfile; declare it`);
  const paths = sources.map((source) => posix.join('/', source).replaceAll(/[^\w./*?[\]-]/g, (character) => (character === "'" ? `"'"` : `'${character}'`)));
  const run = ['/bin/sh', '-c', `chmod -R ${mode.toString(8)} ${paths.join(' ')}`];
  return { name, before: stage.index, beforeLine: stage.from.line, line: instruction.line, from: instruction.flags['from'] ?? '', instructions: ['USER 0', `RUN ${JSON.stringify(run)}`] };
}

/** The entries of a context that such copies take, with their modes. */
export function entriesOfCopies(context: Tree, copies: readonly ModeCopy[]): ExtraEntry[] {
  const paths = context.entries.flatMap(({ type, path }) => (type === 'directory' ? [] : [path]));
  const directories = context.entries.flatMap(({ type, path }) => (type === 'directory' ? [path] : []));
  const all = { files: sourceFiles(paths, directories, () => Promise.resolve(undefined)), ignores: () => false };
  return copies.flatMap(({ directory, sources, mode }) => {
    const matches = sources.flatMap((source) => matchSource(all, source).matches);
    const taken = context.entries.filter(({ path }) => matches.some((match) => match === '' || path === match || path.startsWith(`${match}/`)));
    const parents = new Set(taken.flatMap(({ path }) => parentsOf(path)));
    const made = [...parents].map((path): ExtraEntry => ({ type: 'directory', path: `${directory}/${path}`, mode }));
    return [...made, ...taken.map((entry): ExtraEntry => ({ ...entry, path: `${directory}/${entry.path}`, mode }))];
  });
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}
