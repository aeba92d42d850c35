import { posix } from 'node:path';
import { matchSource, type BuildContext } from './copy-sources.ts';
import type { ConfiguredIndex } from './other-indexes.ts';
import type { Instruction } from './dockerfile.ts';

/** Where the files of the context lie in the image, as far as COPY and ADD tell. */
export interface ImageFiles {
  copies: { source: string; destination: string; intoDirectory: boolean; line: number }[];
  /** Lines on which something was fetched or unpacked, whose files cannot be known: a clone, a download, an archive. */
  fetched: { line: number; directory?: string }[];
  /** Files and directories that steps made, or another stage: what is in them is not known here. */
  made: string[];
  /** Indexes that commands configured. */
  indexes: ConfiguredIndex[];
}

export function noImageFiles(parent?: ImageFiles): ImageFiles {
  return { copies: [...(parent?.copies ?? [])], fetched: [...(parent?.fetched ?? [])], made: [...(parent?.made ?? [])], indexes: [...(parent?.indexes ?? [])] };
}

/** Notes a COPY or ADD from the context; `words` are its sources and, last, its destination. */
export function noteCopy(image: ImageFiles, context: BuildContext, instruction: Instruction, words: string[], workdir: string): void {
  const target = words.at(-1);
  if (target === undefined) return;
  const sources = words.slice(0, -1).flatMap((source) => matchSource(context, source).matches);
  const destination = posix.resolve('/', workdir, target);
  for (const source of sources) {
    const intoDirectory =
      context.files.kindOf(source) === 'file' &&
      (/(^|\/)\.{0,2}$/.test(target) || sources.length > 1 || isDirectory(image, context, destination) || destination === workdir);
    image.copies.push({ source, destination, intoDirectory, line: instruction.line });
  }
}

/** The file of the context that lies at a path of the image; undefined where none is known. */
export function contextPathOf(image: ImageFiles, context: BuildContext, path: string): string | undefined {
  for (let index = image.copies.length - 1; index >= 0; index -= 1) {
    const copy = image.copies[index];
    const candidate = copy && candidateOf(copy, context, path);
    if (candidate !== undefined && context.files.kindOf(candidate) !== undefined && !context.ignores(candidate)) return candidate;
  }
  return undefined;
}

function candidateOf(copy: ImageFiles['copies'][number], context: BuildContext, path: string): string | undefined {
  const base = posix.basename(copy.source);
  if (context.files.kindOf(copy.source) === 'file') {
    const lies = copy.intoDirectory ? posix.join(copy.destination, base) : copy.destination;
    return lies === path ? copy.source : undefined;
  }
  const prefix = copy.destination === '/' ? '/' : `${copy.destination}/`;
  if (path === copy.destination) return copy.source;
  return path.startsWith(prefix) ? posix.join(copy.source, path.slice(prefix.length)) : undefined;
}

function isDirectory(image: ImageFiles, context: BuildContext, destination: string): boolean {
  return image.copies.some(
    (copy) =>
      (copy.intoDirectory && copy.destination === destination) ||
      (context.files.kindOf(copy.source) === 'directory' && copy.destination === destination),
  );
}
