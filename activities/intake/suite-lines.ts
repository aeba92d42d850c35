import { createReadStream } from 'node:fs';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { splitLines } from '../io/split-lines.ts';

/**
 * The lines of one file of a suite, one after the other, so that a file may be larger than memory; without a byte order mark at the
 * beginning and line ends. Failures: SUITE_INVALID with the file, and the line where one is to blame.
 */
export async function* readLines(path: string, file: string): AsyncGenerator<string> {
  let number = 0;
  for await (const bytes of splitLines(chunksOf(path, file), (lineBytes, line) => refuseLong(lineBytes, `${file} line ${line}`))) {
    number += 1;
    const text = decode(bytes, `${file} line ${number}`);
    yield (number === 1 ? text.replace(/^\uFEFF/, '') : text).replace(/\r$/, '');
  }
  if (number === 0) throw invalid(file, 'is empty');
}

function refuseLong(lineBytes: number, where: string): void {
  if (lineBytes > limits.suiteLineBytes) throw invalid(where, `is larger than ${limits.suiteLineBytes} bytes; shorten its prompt`);
}

/** Failures: SUITE_INVALID where the file cannot be read. */
export async function* chunksOf(path: string, file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : invalid(file, `cannot be read: ${(error as Error).message}`);
  }
}

export function invalid(where: string, what: string): Error {
  return failure('SUITE_INVALID', `${where}: ${what}`);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, where: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalid(where, 'is not valid UTF-8');
  }
}
