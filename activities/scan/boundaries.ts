/** What may not touch a token in text. */
export type Boundary = 'alphanumeric' | 'token';

const alphanumericBytes = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');
const tokenBytes = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-');
const symbolBytes = classOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$.');
const escapeLetters = classOf('nrtbfv');

/** Whether a token at [start, end) stands alone; an undefined start is not looked at. */
export function isBounded(bytes: Uint8Array, start: number | undefined, end: number, boundary: Boundary): boolean {
  const touching = boundary === 'token' ? tokenBytes : alphanumericBytes;
  if (touching[bytes[end] ?? 0] === 1) return false;
  if (start === undefined || touching[bytes[start - 1] ?? 0] !== 1) return true;
  return endsEscape(bytes, start) || endsPercentEscape(bytes, start) || endsColour(bytes, start);
}

/**
 * The length that stands before a string in marshalled Python and pickles (a type code, then one byte, or four with the least
 * significant first), where it cuts the run of token characters short; undefined where none does.
 */
export function lengthPrefixed(bytes: Uint8Array, start: number, runLength: number): number | undefined {
  const one = shortStringCodes.has(bytes[start - 2] ?? 0) ? (bytes[start - 1] ?? 0) : 0;
  const long = bytes[start - 1] === 0 && bytes[start - 2] === 0;
  const four = long ? (bytes[start - 4] ?? 0) + (bytes[start - 3] ?? 0) * 256 : 0;
  return [one, four].find((length) => length >= 8 && length <= runLength && runLength - length <= 8);
}

/**
 * Whether marshalled Python or a pickle says that the string which begins here ends before `length` bytes: a name, then another
 * string. Only where its length is no character that stands before a token in a text.
 */
export function isShorterString(bytes: Uint8Array, start: number, length: number): boolean {
  const stated = bytes[start - 1] ?? 0;
  const isControl = stated > 0 && stated < 0x20 && !(stated >= 9 && stated <= 13 && stated !== 11);
  return flaggedStringCodes.has(bytes[start - 2] ?? 0) && isControl && stated < length;
}

/** Whether an offset lies in the mangled name of a C++ or Rust function (`_ZN5torch…`, `_RNvNtCs…`), which holds any letters and digits. */
export function isMangled(bytes: Buffer, offset: number): boolean {
  let from = offset;
  while (from > 0 && offset - from < longestSymbol && symbolBytes[bytes[from - 1] ?? 0] === 1) from -= 1;
  return /^_+(?:Z[A-Za-z]{0,8}\d|R[NIMXYC][A-Za-z]{1,16}[\d_])/.test(bytes.toString('latin1', from, Math.min(offset, from + 32)));
}

/** Names of templates reach some thousand characters. */
const longestSymbol = 8_192;

/** Whether the byte before may be a string's length. */
export function mayHaveLength(bytes: Uint8Array, start: number): boolean {
  return shortStringCodes.has(bytes[start - 2] ?? 0) || bytes[start - 1] === 0;
}

/** Those of them that are no letters. */
const flaggedStringCodes = new Set([0xfa, 0xda, 0x8c]);
/** marshal's z and Z, with and without the reference flag; pickle's SHORT_BINSTRING and SHORT_BINUNICODE. */
const shortStringCodes = new Set([0x7a, 0x5a, 0xfa, 0xda, 0x55, 0x8c]);

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
