import { wordCharacter } from '../../metrics/python-text.ts';

/** Python's `\b`, which knows Unicode; JavaScript's knows ASCII only. */
export const boundary = `(?:(?<=${wordCharacter})(?!${wordCharacter})|(?<!${wordCharacter})(?=${wordCharacter}))`;

/** Python's `[^\w]`. */
export const noWordCharacter = `[^${wordCharacter.slice(1, -1)}]`;

/** A pattern for any of these texts, the first that fits counting, as in Python. */
export function anyOf(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join('|');
}
