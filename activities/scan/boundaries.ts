/** What may not touch a token in text. */
export type Boundary = 'alphanumeric' | 'token';

const alphanumericBytes = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');
const tokenBytes = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-');
const escapeLetters = classOf('nrtbfv');

/** Whether a token at [start, end) stands alone; an undefined start is not looked at. */
export function isBounded(bytes: Uint8Array, start: number | undefined, end: number, boundary: Boundary): boolean {
  const touching = boundary === 'token' ? tokenBytes : alphanumericBytes;
  if (touching[bytes[end] ?? 0] === 1) return false;
  if (start === undefined || touching[bytes[start - 1] ?? 0] !== 1) return true;
  return endsEscape(bytes, start) || endsPercentEscape(bytes, start) || endsColour(bytes, start);
}

/**
 * The length that stands before a string in marshalled Python (one byte), pickles (four bytes, least significant first) and
 * MessagePack (two bytes), where it cuts the run of token characters short; undefined where none does.
 */
export function lengthPrefixed(bytes: Uint8Array, start: number, runLength: number): number | undefined {
  const one = bytes[start - 1] ?? 0;
  const four = one === 0 && bytes[start - 2] === 0 ? (bytes[start - 4] ?? 0) + (bytes[start - 3] ?? 0) * 256 : 0;
  const two = (bytes[start - 2] ?? 0) * 256 + one;
  return [one, four, two].find((length) => length >= 8 && length < runLength && runLength - length <= 8);
}

/** `\n` and its like, or `\u003d`, in JSON and source text. */
function endsEscape(bytes: Uint8Array, start: number): boolean {
  if (bytes[start - 2] === 0x5c && escapeLetters[bytes[start - 1] ?? 0] === 1) return true;
  return bytes[start - 6] === 0x5c && bytes[start - 5] === 0x75;
}

function endsPercentEscape(bytes: Uint8Array, start: number): boolean {
  return bytes[start - 3] === 0x25;
}

/** `ESC [ 31 m` before a coloured word of a log. */
function endsColour(bytes: Uint8Array, start: number): boolean {
  if (bytes[start - 1] !== 0x6d) return false;
  return bytes.subarray(Math.max(0, start - 12), start).includes(0x1b);
}

function classOf(characters: string): Uint8Array {
  const members = new Uint8Array(256);
  for (const character of characters) members[character.charCodeAt(0)] = 1;
  return members;
}
