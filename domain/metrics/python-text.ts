/** What `str.strip()` and `str.split()` of Python take for white space; JavaScript's `trim` lacks \x1c-\x1f and \x85 and has \ufeff. */
const whiteSpace = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leading = new RegExp(`^[${whiteSpace}]+`, 'u');
const runs = new RegExp(`[${whiteSpace}]+`, 'u');
const whiteSpaceCharacter = new RegExp(`[${whiteSpace}]`, 'u');

/** `text.strip()` as Python 3 does it. */
export function strip(text: string): string {
  return trimEnd(text.replace(leading, ''));
}

/** `text.rstrip()` as Python 3 does it. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && whiteSpaceCharacter.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** `text.split()` as Python 3 does it: the words between runs of white space, none of them empty. */
export function words(text: string): string[] {
  return text.split(runs).filter((word) => word !== '');
}

/** `text.split(separator)[-1]`: separators are taken from the left, so of overlapping ones (" is is ") the later does not count. */
export function lastPiece(text: string, separator: string): string {
  return text.split(separator).at(-1) ?? '';
}

/** A class of regular expressions (flag u) for one character that Python's `\w` matches: letters, numbers, underscore; no marks. */
export const wordCharacter = '[\\p{L}\\p{N}_]';
