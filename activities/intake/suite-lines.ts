import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/** The lines of one file of a suite. Failures: SUITE_INVALID with the file, and the line where one is to blame. */
export async function readLines(directory: string, file: string): Promise<string[]> {
  const path = join(directory, file);
  const unreadable = (error: unknown): never => {
    throw invalid(file, `cannot be read: ${(error as Error).message}`);
  };
  const { size } = await stat(path).catch(unreadable);
  if (size > limits.suiteFileBytes) throw invalid(file, `is larger than ${limits.suiteFileBytes} bytes; its longest line is ${await longestLine(path)}`);
  const lines = decode(await readFile(path).catch(unreadable), file).split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw invalid(file, 'is empty');
  return lines;
}

export function invalid(where: string, what: string): Error {
  return failure('SUITE_INVALID', `${where}: ${what}`);
}

/** The decoder drops a byte order mark at the beginning. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(file, 'is not valid UTF-8');
  }
}

/** "line 3 with 100000012 bytes", without holding the file in memory. */
async function longestLine(path: string): Promise<string> {
  let [line, sizeBytes, longest, longestBytes] = [1, 0, 1, 0];
  const end = (): void => {
    if (sizeBytes > longestBytes) [longest, longestBytes] = [line, sizeBytes];
    [line, sizeBytes] = [line + 1, 0];
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      sizeBytes += at - from;
      end();
      from = at + 1;
    }
    sizeBytes += chunk.length - from;
  }
  end();
  return `line ${longest} with ${longestBytes} bytes`;
}
