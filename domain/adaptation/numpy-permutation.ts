/**
 * `numpy.random.default_rng(seed).permutation(count)` for a seed below 2^32: what `Dataset.shuffle(seed)` of Hugging Face's data library
 * orders records by, and so HELM's MATH. PCG64 is O'Neill's PCG XSL RR 128/64 (2014, HMC-CS-2014-0905); it is seeded by numpy's SeedSequence.
 */
export function numpyPermutation(seed: number, count: number): number[] {
  const word = words(pcg64(seed));
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = numpyInterval(word, last);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/** numpy's `random_interval`: from 0 to `most`, both included, by masking and refusing. */
export function numpyInterval(word: () => number, most: number): number {
  const mask = 0xffffffff >>> Math.clz32(most);
  let value = (word() & mask) >>> 0;
  while (value > most) value = (word() & mask) >>> 0;
  return value;
}

/** The lower half of each number of 64 bits, then the upper one. */
function words(next: () => bigint): () => number {
  let upper: number | undefined;
  return () => {
    if (upper !== undefined) {
      const value = upper;
      upper = undefined;
      return value;
    }
    const value = next();
    upper = Number(value >> 32n);
    return Number(value & 0xffffffffn);
  };
}

const multiplier = 0x2360ed051fc65da44385df649fccf645n;
const bits = (size: number, value: bigint): bigint => BigInt.asUintN(size, value);

function pcg64(seed: number): () => bigint {
  const [stateHigh, stateLow, streamHigh, streamLow] = seedSequence(seed);
  const increment = bits(128, (((streamHigh << 64n) | streamLow) << 1n) | 1n);
  const step = (state: bigint): bigint => bits(128, state * multiplier + increment);
  let state = step(bits(128, step(0n) + ((stateHigh << 64n) | stateLow)));
  return () => {
    state = step(state);
    const folded = bits(64, (state >> 64n) ^ state);
    const turn = state >> 122n;
    return bits(64, (folded >> turn) | (folded << (64n - turn)));
  };
}

/** Four numbers of 64 bits from one of 32 (numpy/random/bit_generator.pyx, after O'Neill's `seed_seq_fe`). */
function seedSequence(seed: number): [bigint, bigint, bigint, bigint] {
  const pool = mixedPool(seed);
  let constant = 0x8b51f9dd;
  const state = Array.from({ length: 8 }, (_, index) => {
    const mixed = (pool[index % pool.length] as number) ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    return folded(Math.imul(mixed, constant));
  });
  const number = (index: number): bigint => (BigInt(state[index + 1] as number) << 32n) | BigInt(state[index] as number);
  return [number(0), number(2), number(4), number(6)];
}

function mixedPool(seed: number): number[] {
  let constant = 0x43b0d7e5;
  const hashed = (value: number): number => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    return folded(Math.imul(mixed, constant));
  };
  const pool = [seed, 0, 0, 0].map(hashed);
  for (let source = 0; source < pool.length; source += 1) {
    for (let target = 0; target < pool.length; target += 1) {
      if (source === target) continue;
      const other = hashed(pool[source] as number);
      pool[target] = folded(Math.imul(0xca01f9dd, pool[target] as number) - Math.imul(0x4973f715, other));
    }
  }
  return pool;
}

function folded(value: number): number {
  return (value ^ (value >>> 16)) >>> 0;
}
