import { posix } from 'node:path';
import type { BuildContext } from './copy-sources.ts';
import type { Instruction } from './dockerfile.ts';
import type { ImageFiles } from './image-files.ts';
import { writtenBy } from './made-files.ts';
import type { ShellCommand } from './shell.ts';
import { expandDocument, type Lookup } from './words.ts';

/** Files of the image whose text stands in the Dockerfile, or in a script of the submission, by their path in the image. */
export type WrittenFiles = Map<string, string>;

/** The context with such files beside its own: theirs are absolute paths, which no file of a context has. */
export function withWrittenFiles({ files, ignores, ...context }: BuildContext, written: WrittenFiles): BuildContext {
  const kindOf = (path: string): 'file' | undefined => (written.has(path) ? 'file' : undefined);
  return {
    ...context,
    ignores: (path) => !path.startsWith('/') && ignores(path),
    files: {
      kindOf: (path) => (path.startsWith('/') ? kindOf(path) : files.kindOf(path)),
      below: (path) => files.below(path),
      read: async (path) => (written.has(path) ? Buffer.from(written.get(path) ?? '') : files.read(path)),
    },
  };
}

/** What COPY and ADD write of here-documents; `target` is expanded. */
export function noteDocuments({ heredocs, json, line }: Instruction, target: string, several: boolean, { lookup, workdir }: { lookup: Lookup; workdir: string }, image: ImageFiles, written: WrittenFiles): void {
  if (json) return;
  const destination = posix.resolve('/', workdir, target);
  for (const { name, content, expands } of heredocs) {
    const path = several || target.endsWith('/') ? posix.join(destination, name) : destination;
    note(path, expands ? expandDocument(content, lookup).value : content, line, image, written);
  }
}

/** What a command writes: `cat <<EOF > file`, `tee file <<EOF`, `echo … > file`. Of what it writes otherwise nothing is known from then on. */
export function noteWritten(command: ShellCommand, image: ImageFiles, written: WrittenFiles): void {
  const { name, words, redirects, directory, line } = command;
  const outputs = redirects.filter(({ operator }) => operator === '>' || operator === '>>' || operator === '>|').map(({ target, operator }) => ({ target, appends: operator === '>>' }));
  if (name === 'tee') outputs.push(...words.filter(({ value }) => !value.startsWith('-')).map(({ value }) => ({ target: value, appends: words.some((word) => word.value === '-a' || word.value === '--append') })));
  const text = textOf(command);
  for (const path of writtenBy(command)) if (text === undefined) written.delete(path);
  for (const { target, appends } of outputs) {
    const path = target.replaceAll(/["']/g, '').replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/)/, '/root');
    if (text === undefined || (!path.startsWith('/') && directory === undefined)) continue;
    const full = posix.resolve('/', directory ?? '/', path);
    note(full, appends ? (written.get(full) ?? '') + text : text, line, image, written);
  }
}

function note(path: string, text: string, line: number, image: ImageFiles, written: WrittenFiles): void {
  written.set(path, text);
  image.copies.push({ source: path, destination: path, intoDirectory: false, line });
}

/** What a command prints or passes on, as far as its words tell. */
function textOf({ name, words, input }: ShellCommand): string | undefined {
  const values = words.map(({ value }) => value);
  if ((name === 'cat' && values.every((value) => value === '-')) || name === 'tee') return input;
  if (name === 'echo') {
    const [options, rest] = /^-[neE]+$/.test(values[0] ?? '') ? [values[0] ?? '', values.slice(1)] : ['', values];
    return `${escapesOf(rest.join(' '))}${options.includes('n') ? '' : '\n'}`;
  }
  if (name !== 'printf') return undefined;
  const [format = '', ...given] = values;
  if (given.length > 0 && /^%s\\n$/.test(format)) return given.map((each) => `${each}\n`).join('');
  return /%(?!%)/.test(format) ? undefined : escapesOf(format.replaceAll('%%', '%'));
}

/** The shell of many images knows them with echo too, and those of the others see the same lines in one. */
function escapesOf(text: string): string {
  return text.replaceAll(/\\([nt])/g, (_all, letter) => (letter === 'n' ? '\n' : '\t'));
}
