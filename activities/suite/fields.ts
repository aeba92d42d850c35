import { invalid } from '../intake/suite-lines.ts';
import type { Row } from './rows.ts';

/*
 * Fields of a data set's records. A message names file, line and field and never what stands there: it may be a closed question.
 */

/** The text under the first of these names; dots go into objects. Failures: SUITE_INVALID. */
export function textOf(row: Row, ...names: string[]): string {
  const value = valueOf(row, ...names);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw wrong(row, names, 'is missing or no text');
}

export function textsOf(row: Row, ...names: string[]): string[] {
  const value = valueOf(row, ...names);
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw wrong(row, names, 'is missing or no list of texts');
}

/** A number that counts from 0; a text of digits is one too. */
export function indexOf(row: Row, ...names: string[]): number {
  const value = Number(valueOf(row, ...names) ?? Number.NaN);
  if (Number.isInteger(value) && value >= 0) return value;
  throw wrong(row, names, 'is missing or no number of an option');
}

export function valueOf({ value }: Row, ...names: string[]): unknown {
  for (const name of names) {
    const found = Object.hasOwn(value, name) ? value[name] : name.split('.').reduce<unknown>(inside, value);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

export function wrong({ file, line }: Row, names: readonly string[], what: string): Error {
  return invalid(`${file} line ${line}`, `${names.join(' or ')}: ${what}`);
}

function inside(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
