import { stripVTControlCharacters } from 'node:util';
import { limits } from '../../domain/index.ts';

/** Stands at the end of a stored line whose rest is in the next one. */
export const continuedMark = ' [line continues]';

/** A stored line: `<RFC 3339 time> <text>`. */
export function stamped(at: string, text: string): string {
  return `${at} ${text}`;
}

export function stampOf(line: string): string {
  return line.slice(0, line.indexOf(' '));
}

export function textOf(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}

/** The engine stamps with nine digits of a second, we with three: the two clocks of a log are not mixed up. */
export function isContainerLine(line: string): boolean {
  return /^\S{19}\.\d{9}Z /.test(line);
}

/** Milliseconds since 1970; NaN where the line has no stamp. */
export function timeOf(line: string): number {
  return Date.parse(stampOf(line));
}

/** A line in parts of at most `logLineBytes`, each but the last marked; nothing is lost. */
export function partsOf(text: string): string[] {
  if (text.length * 3 <= limits.logLineBytes || Buffer.byteLength(text) <= limits.logLineBytes) return [text];
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let start = 0, end: number; start < bytes.length; start = end) {
    end = characterStart(bytes, Math.min(start + limits.logLineBytes, bytes.length));
    parts.push(bytes.subarray(start, end).toString('utf8') + (end < bytes.length ? continuedMark : ''));
  }
  return parts;
}

/**
 * A line as people see it at the end of a terminal: what stands after the last carriage return (progress bars), without escape
 * sequences and control characters, which could rewrite a reader's screen; cut to `lastLineCharacters`.
 */
export function printable(line: string): string {
  const shown = stripVTControlCharacters(line).split('\r').findLast((part) => part.trim() !== '') ?? '';
  const plain = shown.replaceAll(/\p{Cc}/gu, ' ').trim();
  return plain.length > limits.lastLineCharacters ? `${plain.slice(0, limits.lastLineCharacters - 1)}…` : plain;
}

/** The nearest start of a UTF-8 character at or before `index`. */
function characterStart(bytes: Uint8Array, index: number): number {
  let start = index;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}
