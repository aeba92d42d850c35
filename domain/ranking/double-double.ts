/** A number of about 106 bits: the unevaluated sum of two doubles, `low` at most half a unit in the last place of `high`. */
export type DoubleDouble = readonly [high: number, low: number];

/*
 * Error-free transformations: Knuth's two-sum, Dekker's splitting and product (Dekker, "A floating-point technique for extending
 * the available precision", 1971). They need IEEE doubles and nothing else, and so give the same digits everywhere.
 */

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [sum, error] = twoSum(a[0], b[0]);
  const [low, lowError] = twoSum(a[1], b[1]);
  const [high, rest] = fastTwoSum(sum, error + low);
  return fastTwoSum(high, rest + lowError);
}

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [product, error] = twoProduct(a[0], b[0]);
  return fastTwoSum(product, error + (a[0] * b[1] + a[1] * b[0]));
}

/** a / divisor for a divisor that is a double. */
export function divide(a: DoubleDouble, divisor: number): DoubleDouble {
  const first = a[0] / divisor;
  const [product, error] = twoProduct(first, divisor);
  const [difference, rest] = twoSum(a[0], -product);
  return fastTwoSum(first, (difference + (rest - error + a[1])) / divisor);
}

/**
 * a * b + c rounded once, as processors with FMA compute it (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums",
 * 2008). For products and sums far from overflow and underflow.
 */
export function fma(a: number, b: number, c: number): number {
  const [product, productError] = twoProduct(a, b);
  const [low, lowError] = twoSum(c, productError);
  const [high, highError] = twoSum(product, low);
  return high + addToOdd(highError, lowError);
}

/** a + b, rounded to the neighbour whose last bit is 1 where it is not exact, so that a later rounding cannot round twice. */
function addToOdd(a: number, b: number): number {
  const [sum, error] = twoSum(a, b);
  if (error === 0) return sum;
  bits.setFloat64(0, sum);
  const word = bits.getBigUint64(0);
  if (word & 1n) return sum;
  bits.setBigUint64(0, error > 0 === sum > 0 ? word + 1n : word - 1n);
  return bits.getFloat64(0);
}

const bits = new DataView(new ArrayBuffer(8));

/** a + b and what rounding lost of it. */
function twoSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  const second = sum - a;
  return [sum, a - (sum - second) + (b - second)];
}

/** a * b and what rounding lost of it. */
export function twoProduct(a: number, b: number): DoubleDouble {
  const product = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  return [product, aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow];
}

function fastTwoSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  return [sum, b - (sum - a)];
}

function split(value: number): DoubleDouble {
  const shifted = value * 134_217_729;
  const high = shifted - (shifted - value);
  return [high, value - high];
}
