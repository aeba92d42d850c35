import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { parseResults, type Results, ResultsError } from '../domain/results.ts';
import { UsageError } from './errors.ts';

/** A text file that a command was given. Throws UsageError where it cannot be read. */
export async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read`, 'Check the path.', { cause });
  });
}

/** A results table from its text. Throws UsageError naming each place that keeps it from being ranked. */
export function resultsOf(path: string, text: string): Results {
  try {
    return parseResults(text);
  } catch (error) {
    if (!(error instanceof ResultsError)) throw error;
    throw new UsageError(`${path}: ${error.message}`, 'Correct the named places of the table.', { cause: error });
  }
}

/** An option that counts something and may be 0. */
export function count(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** An option that is a TCP port. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It is a port, 1 to 65535.');
}

/** An option that counts something. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It is a whole number above 0.');
}
