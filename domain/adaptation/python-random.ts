import { type RandomWord, twisterOfKey } from './mersenne-twister.ts';

/** The part of Python's `random.Random` that HELM draws with. The same seed gives the same draws as CPython 3.11. */
export interface PythonRandom {
  /** In [0, 1), 53 bits. */
  random(): number;
  /** In [0, bound). */
  randrange(bound: number): number;
  /** From `least` to `most`, both included. */
  randint(least: number, most: number): number;
  choice<T>(values: readonly T[]): T;
  /** A new array in random order; draws as `shuffle` does. */
  shuffled<T>(values: readonly T[]): T[];
  /** Without replacement. Throws a RangeError where there are fewer values. */
  sample<T>(values: readonly T[], count: number): T[];
}

/** SHA-512, given from outside since this room has no library of its own for it. */
export type Sha512 = (bytes: Uint8Array) => Uint8Array;

/** `random.Random(seed)` for a number that is none below zero. */
export function pythonRandom(seed: bigint | number): PythonRandom {
  return drawing(twisterOfKey(wordsOf(BigInt(seed))));
}

/** `random.Random(text)`: version 2 of its seeding appends the text's SHA-512 to the text and takes all bytes as one number. */
export function pythonRandomOfText(text: string, sha512: Sha512): PythonRandom {
  const bytes = new TextEncoder().encode(text);
  return pythonRandom([...bytes, ...sha512(bytes)].reduce((number, byte) => (number << 8n) | BigInt(byte), 0n));
}

/** The number's 32-bit words, the lowest first. */
function wordsOf(number: bigint): number[] {
  const words: number[] = [];
  for (let rest = number; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length === 0 ? [0] : words;
}

function drawing(word: RandomWord): PythonRandom {
  const below = (bound: number): number => {
    const bits = 32 - Math.clz32(bound);
    let value = word() >>> (32 - bits);
    while (value >= bound) value = word() >>> (32 - bits);
    return value;
  };
  return {
    random: () => ((word() >>> 5) * 67_108_864 + (word() >>> 6)) / 9_007_199_254_740_992,
    randrange: below,
    randint: (least, most) => least + below(most - least + 1),
    choice: <T>(values: readonly T[]) => values[below(values.length)] as T,
    shuffled: (values) => shuffled(values, below),
    sample: (values, count) => sample(values, count, below),
  };
}

function shuffled<T>(values: readonly T[], below: (bound: number) => number): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/** CPython keeps a pool where that is smaller than a set of what was taken; the draws differ between the two. */
function sample<T>(values: readonly T[], count: number, below: (bound: number) => number): T[] {
  if (count > values.length) throw new RangeError(`${count} of ${values.length} values cannot be drawn`);
  const setSize = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
  if (values.length > setSize) {
    const taken = new Set<number>();
    while (taken.size < count) taken.add(below(values.length));
    return [...taken].map((index) => values[index] as T);
  }
  const pool = [...values];
  return Array.from({ length: count }, (_, index) => {
    const at = below(values.length - index);
    const value = pool[at] as T;
    pool[at] = pool[values.length - index - 1] as T;
    return value;
  });
}
