/** The next 32 random bits, as an unsigned number. */
export type RandomWord = () => number;

const size = 624;
const period = 397;

/**
 * MT19937 (Matsumoto and Nishimura 1998, ACM TOMACS 8(1), the reference code of 2002), seeded by one number as `init_genrand` does:
 * what `numpy.random.seed(n)` starts from.
 */
export function twisterOfNumber(seed: number): RandomWord {
  return words(stateOfNumber(seed));
}

/** MT19937 seeded by an array of 32-bit words as `init_by_array` does: what Python's `random.seed` starts from. */
export function twisterOfKey(key: readonly number[]): RandomWord {
  const state = stateOfNumber(19_650_218);
  let at = 1;
  let from = 0;
  const previous = (): number => mixed(state, at - 1);
  for (let round = Math.max(size, key.length); round > 0; round -= 1) {
    state[at] = (word(state, at) ^ Math.imul(previous(), 1_664_525)) + (key[from] ?? 0) + from;
    at = next(state, at);
    from = (from + 1) % key.length;
  }
  for (let round = size - 1; round > 0; round -= 1) {
    state[at] = (word(state, at) ^ Math.imul(previous(), 1_566_083_941)) - at;
    at = next(state, at);
  }
  state[0] = 0x80000000;
  return words(state);
}

function stateOfNumber(seed: number): Uint32Array {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let index = 1; index < size; index += 1) state[index] = Math.imul(mixed(state, index - 1), 1_812_433_253) + index;
  return state;
}

function mixed(state: Uint32Array, index: number): number {
  return word(state, index) ^ (word(state, index) >>> 30);
}

function next(state: Uint32Array, index: number): number {
  if (index + 1 < size) return index + 1;
  state[0] = word(state, size - 1);
  return 1;
}

function words(state: Uint32Array): RandomWord {
  let at = size;
  return () => {
    if (at === size) {
      twist(state);
      at = 0;
    }
    let value = word(state, at);
    at += 1;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let index = 0; index < size; index += 1) {
    const joined = (word(state, index) & 0x80000000) | (word(state, (index + 1) % size) & 0x7fffffff);
    state[index] = word(state, (index + period) % size) ^ (joined >>> 1) ^ ((joined & 1) === 0 ? 0 : 0x9908b0df);
  }
}

function word(state: Uint32Array, index: number): number {
  return state[index] as number;
}
