/**
 * The sum of doubles, rounded once: Shewchuk's growing expansion ("Adaptive Precision Floating-Point Arithmetic", 1997) with the
 * final rounding of Python's math.fsum, so that neither order nor machine changes a digit. Throws a RangeError where a partial sum
 * is beyond the largest double; infinite and NaN terms give what plain addition gives.
 */
export function fsum(values: Iterable<number>): number {
  const partials: number[] = [];
  let special = 0;
  for (const value of values) {
    if (Number.isFinite(value)) addTo(partials, value);
    else special += value;
  }
  return special === 0 ? roundedSum(partials) : special;
}

/** Python's statistics.fmean: fsum divided by the count (two roundings). NaN for no values. */
export function fmean(values: readonly number[]): number {
  return fsum(values) / values.length;
}

/** Python's statistics.mean of floats: the exact sum divided by the count, rounded once. NaN for no values. */
export function exactMean(values: readonly number[]): number {
  if (values.length === 0 || !values.every(Number.isFinite)) return fmean(values);
  let sum = 0n;
  for (const value of values) sum += scaled(value);
  return quotient(sum, BigInt(values.length) << scale);
}

/** Keeps `partials` an expansion of the exact sum: increasing magnitude, no overlap. */
function addTo(partials: number[], value: number): void {
  let rest = value;
  let kept = 0;
  for (const partial of partials) {
    const [large, small] = Math.abs(rest) < Math.abs(partial) ? [partial, rest] : [rest, partial];
    const sum = large + small;
    const error = small - (sum - large);
    if (error !== 0) partials[kept++] = error;
    rest = sum;
  }
  if (!Number.isFinite(rest)) throw new RangeError('a partial sum is beyond the largest double');
  partials.length = kept;
  partials.push(rest);
}

function roundedSum(partials: number[]): number {
  let sum = partials.pop() ?? 0;
  let error = 0;
  while (partials.length > 0 && error === 0) {
    const partial = partials.pop() ?? 0;
    const next = sum + partial;
    error = partial - (next - sum);
    sum = next;
  }
  // Half-way cases: what is left decides whether the even neighbour was the right one.
  const below = partials.at(-1) ?? 0;
  if (error * Math.sign(below) <= 0) return sum;
  const doubled = error * 2;
  const other = sum + doubled;
  return other - sum === doubled ? other : sum;
}

/** Every double is a whole multiple of 2^-1074. */
const scale = 1074n;
const mantissaBits = 53;

function scaled(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = (word >> 52n) & 0x7ffn;
  const fraction = word & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

/** The double nearest to numerator / denominator, ties to even. */
function quotient(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -quotient(-numerator, denominator);
  if (numerator === 0n) return 0;
  const shift = Math.min(mantissaBits + 1 - (bitLength(numerator) - bitLength(denominator)), Number(scale));
  const top = shift > 0 ? numerator << BigInt(shift) : numerator;
  const bottom = shift > 0 ? denominator : denominator << BigInt(-shift);
  const whole = top / bottom;
  const excess = Math.max(bitLength(whole) - mantissaBits, 0);
  const unit = 1n << BigInt(excess);
  const rest = (whole % unit) * bottom + (top % bottom);
  const twice = (2n * rest) - unit * bottom;
  const kept = whole / unit;
  const rounded = twice > 0n || (twice === 0n && kept % 2n === 1n) ? kept + 1n : kept;
  return timesPowerOfTwo(Number(rounded), excess - shift);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function timesPowerOfTwo(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}
