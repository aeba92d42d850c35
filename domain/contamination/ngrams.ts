import type { Tokens } from './tokens.ts';

/** Called for each n-gram with the two 32-bit lanes of its hash. */
export type OnNgram = (low: number, high: number) => void;

/** Hashes of all runs of `size` tokens: a polynomial in two 32-bit lanes, rolled on by one token each. */
export function forEachNgram(tokens: Tokens, size: number, onNgram: OnNgram): void {
  const { low, high, length } = tokens;
  const [lowTop, highTop] = [power(lowBase, size), power(highBase, size)];
  let lowHash = 0;
  let highHash = 0;
  for (let index = 0; index < length; index += 1) {
    lowHash = (Math.imul(lowHash, lowBase) + (low[index] as number)) | 0;
    highHash = (Math.imul(highHash, highBase) + (high[index] as number)) | 0;
    if (index >= size) {
      lowHash = (lowHash - Math.imul(low[index - size] as number, lowTop)) | 0;
      highHash = (highHash - Math.imul(high[index - size] as number, highTop)) | 0;
    }
    if (index >= size - 1) onNgram(lowHash, highHash);
  }
}

/** A set of joined hashes, each with its number, that answers most misses from a bit field without looking into the map. */
export interface HashIndex {
  /** The number that the hash was given; undefined where it is not in. */
  get(low: number, high: number): number | undefined;
  numberOf(hash: number): number | undefined;
  /** Gives the hash a number unless it has one; numbers may change while hashes are added. */
  add(hash: number): void;
}

/** An open table of numbers: a Map of four million takes 250 MB, this one 64. A hash's number is its place, and final when all are added. */
export function createHashIndex(): HashIndex {
  let table = new Float64Array(2 ** 10).fill(empty);
  let count = 0;
  const bits = new Uint8Array(bitFieldBytes);
  const numberOf = (hash: number): number | undefined => {
    const place = placeOf(table, hash);
    return table[place] === hash ? place : undefined;
  };
  return {
    get(low, high) {
      const at = (low ^ (low >>> 16)) & bitMask;
      return (bits[at >>> 3] as number) & (1 << (at & 7)) ? numberOf(joined(low, high)) : undefined;
    },
    numberOf,
    add(hash) {
      // The lower half of a joined hash is its mixed low lane.
      const at = (hash | 0) & bitMask;
      bits[at >>> 3] = (bits[at >>> 3] as number) | (1 << (at & 7));
      const place = placeOf(table, hash);
      if (table[place] === hash) return;
      table[place] = hash;
      count += 1;
      if (count * 2 > table.length) table = doubled(table);
    },
  };
}

/** No joined hash is negative. */
const empty = -1;

/** Where a hash stands, or would. */
function placeOf(table: Float64Array, hash: number): number {
  const mask = table.length - 1;
  let place = (hash ^ Math.floor(hash / 2 ** 32)) & mask;
  while (table[place] !== empty && table[place] !== hash) place = (place + 1) & mask;
  return place;
}

function doubled(table: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(table.length * 2).fill(empty);
  for (const hash of table) if (hash !== empty) larger[placeOf(larger, hash)] = hash;
  return larger;
}

const lowBase = 0x2c1b3c6d;
const highBase = 0x297a2d39;
/** 16 Mbit: with a million n-grams one miss in sixteen gets past it. */
const bitFieldBytes = 2 ** 21;
const bitMask = bitFieldBytes * 8 - 1;

function power(base: number, exponent: number): number {
  let result = 1;
  for (let count = 0; count < exponent; count += 1) result = Math.imul(result, base);
  return result;
}

/** 53 bits, as many as a number holds exactly: among 10^8 n-grams against 10^6 a false match has a chance of 1 in 90. */
export function joined(low: number, high: number): number {
  return ((high ^ (high >>> 15)) & 0x1fffff) * 2 ** 32 + ((low ^ (low >>> 16)) >>> 0);
}
