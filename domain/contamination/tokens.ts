/**
 * The tokens of a text as hashes of two 32-bit lanes, in the order of the text. Words are runs of letters, digits and marks in
 * lower case; everything else separates them and counts for nothing (GPT-3, appendix C; HELM's contamination check splits alike).
 * Signs of scripts that write no spaces are words of their own.
 */
export interface Tokens {
  low: Uint32Array;
  high: Uint32Array;
  length: number;
}

export function newTokens(capacity = 4_096): Tokens {
  return { low: new Uint32Array(capacity), high: new Uint32Array(capacity), length: 0 };
}

/** Adds the tokens of a text to those that are there. */
export function addTokens(tokens: Tokens, text: string): void {
  const normal = isAscii(text) ? text : text.normalize('NFKC');
  let low = lowSeed;
  let high = highSeed;
  let isInside = false;
  for (let index = 0; index < normal.length; index += 1) {
    const unit = folded(normal.charCodeAt(index));
    if (unit > 0) {
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high + unit, 0x9e3779b1) ^ (high >>> 15);
      isInside = true;
      continue;
    }
    if (isInside) push(tokens, low, high);
    if (unit < 0) push(tokens, Math.imul(lowSeed ^ -unit, 0x01000193), Math.imul(highSeed - unit, 0x9e3779b1));
    low = lowSeed;
    high = highSeed;
    isInside = false;
  }
  if (isInside) push(tokens, low, high);
}

/** Drops all tokens but the last few, which then stand first. */
export function keepLast(tokens: Tokens, count: number): void {
  const from = Math.max(0, tokens.length - count);
  tokens.low.copyWithin(0, from, tokens.length);
  tokens.high.copyWithin(0, from, tokens.length);
  tokens.length -= from;
}

const lowSeed = 0x811c9dc5 | 0;
const highSeed = 0x2545f491 | 0;

function push(tokens: Tokens, low: number, high: number): void {
  if (tokens.length === tokens.low.length) grow(tokens);
  tokens.low[tokens.length] = mixed(low);
  tokens.high[tokens.length] = mixed(high);
  tokens.length += 1;
}

function grow(tokens: Tokens): void {
  for (const lane of ['low', 'high'] as const) {
    const larger = new Uint32Array(tokens[lane].length * 2);
    larger.set(tokens[lane]);
    tokens[lane] = larger;
  }
}

/** MurmurHash3's finalizer: every bit of a token's hash depends on all of its characters. */
function mixed(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

const nonAscii = /[^\0-\x7f]/;

function isAscii(text: string): boolean {
  return !nonAscii.test(text);
}

/** By code unit: its lower-case form, 0 for a separator, negative for a sign that is a word alone; 65,535 until it is looked up. */
const table = new Int32Array(65_536).fill(65_535);

function folded(unit: number): number {
  const known = table[unit] as number;
  return known === 65_535 ? lookUp(unit) : known;
}

function lookUp(unit: number): number {
  const text = String.fromCharCode(unit);
  const lower = text.toLowerCase();
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  const isWord = isSurrogate || /^[\p{L}\p{N}\p{M}]$/u.test(text);
  const code = lower.length === 1 ? lower.charCodeAt(0) : unit;
  table[unit] = !isWord ? 0 : /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]$/u.test(text) ? -code : code;
  return table[unit] as number;
}
