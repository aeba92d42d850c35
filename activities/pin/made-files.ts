import { posix } from 'node:path';
import type { ImageFiles } from './image-files.ts';
import type { ShellCommand } from './shell.ts';

/** Paths that a command writes, as far as its words tell: files, and directories for what it unpacks. */
export function writtenBy(command: ShellCommand): string[] {
  const { name, words, redirects, directory } = command;
  const operands = words.map(({ value }) => value).filter((value) => !value.startsWith('-'));
  const outputs = words.flatMap(({ value }, index) => {
    if (/^(?:-o|-O|--output|--output-file|--output-document|--out)$/.test(value)) return words[index + 1]?.value ?? [];
    return /^--(?:output|output-file|output-document|out)=(.+)$/.exec(value)?.[1] ?? [];
  });
  const written = [...redirects.filter(({ operator }) => operator.startsWith('>')).map(({ target }) => target.replaceAll(/["']/g, '')), ...outputs];
  if (['cp', 'mv', 'ln', 'install', 'rsync'].includes(name)) written.push(operands.at(-1) ?? '.');
  if (name === 'tee' || name === 'touch') written.push(...operands);
  if (['unzip', 'tar', '7z', '7za', 'unrar', 'gunzip', 'bsdtar'].includes(name)) written.push(after(command, /^(?:-d|-C|--directory)$/) ?? '.');
  return written.filter((path) => path !== '').flatMap((path) => (path.startsWith('/') ? [posix.normalize(path)] : directory === undefined ? [] : [posix.resolve(directory, path)]));
}

/** Whether a path of the image may be what a step makes, or another stage made. */
export function mayBeMade({ made }: ImageFiles, path: string): boolean {
  return made.some((each) => path === each || path.startsWith(each === '/' ? '/' : `${each}/`));
}

function after({ words }: ShellCommand, option: RegExp): string | undefined {
  const index = words.findIndex(({ value }) => option.test(value));
  return index < 0 ? undefined : words[index + 1]?.value;
}
