import { add, divide, type DoubleDouble, fma, multiply, twoProduct } from './double-double.ts';

/*
 * V8's Math.exp and Math.log (fdlibm) differ from the C library's, which Python uses, in the last digit of 8 % of the arguments.
 * These agree with it: measured against Python 3.11 on glibc 2.36, exp on all, log on all but 1 of 2,000 arguments.
 */

/**
 * e^x with every digit as glibc has it since 2.28 (and musl): the table-driven algorithm of Szabolcs Nagy's exp in ARM's optimized
 * routines, with fused multiply-add. Below 2^-1022 the correctly rounded value.
 */
export function exp(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) > 709 || Math.abs(x) < 2 ** -54) return expOutside(x);
  const steps = fma(x, stepsPerUnit, roundingShift) - roundingShift;
  const rest = fma(steps, -stepLow, fma(steps, -stepHigh, x));
  const index = ((steps % tableSize) + tableSize) % tableSize;
  const [scale, tail] = table()[index] as DoubleDouble;
  const square = rest * rest;
  const cubicHalf = fma(rest, coefficients[1], coefficients[0]);
  const upper = fma(rest, coefficients[3], coefficients[2]);
  const tmp = fma(square * square, upper, fma(square, cubicHalf, tail + rest));
  // Below -512, where the result may leave the range of doubles, the last step is not fused.
  const mantissa = x > -512 ? fma(scale, tmp, scale) : scale + scale * tmp;
  return scaleBy(mantissa, (steps - index) / tableSize);
}

/** The natural logarithm of a positive double, correctly rounded. */
export function log(x: number): number {
  if (!(x > 0) || !Number.isFinite(x) || x === 1) return Math.log(x);
  const { mantissa, exponent } = normalize(x);
  const start = Math.log(mantissa);
  // One step of Newton's method: log m = y + log(m e^-y), whose last part is below 1e-15.
  const inverse = expand([-start, 0]);
  const ratio = multiply([mantissa * 2 ** inverse.exponent, 0], inverse.value);
  const difference = add(ratio, [-1, 0]);
  const correction = add(difference, multiply([-0.5, 0], multiply(difference, difference)));
  const mantissaLog = add([start, 0], correction);
  return add(timesLog2(exponent), mantissaLog)[0];
}

/** The natural logarithm of 2 in three parts; the first has 32 bits, so that its product with an exponent is exact. */
const log2 = { first: 0.6931471803691238, second: 1.9082149292705877e-10, third: 1.1612227229362532e-26 } as const;
const tableSize = 128;
const stepsPerUnit = 1.4426950408889634 * tableSize;
/** Adding it to a double of up to 2^51 rounds that to an integer. */
const roundingShift = 1.5 * 2 ** 52;
/** ln 2 / 128 in two parts. */
const stepHigh = 0.005415212348111709;
const stepLow = 1.2864023111638346e-14;
/** Minimax polynomial of (e^r - 1 - r) / r^2 for |r| < ln 2 / 256. */
const coefficients = [0.49999999999996786, 0.16666666666665886, 0.0416666808410674, 0.008333335853059549] as const;

/** 2^(index / 128) as a double and what is missing of it, relative to it. */
const table = lazily((): DoubleDouble[] =>
  Array.from({ length: tableSize }, (_, index) => {
    const { value, exponent: doublings } = expand(divide(timesLog2(index), tableSize));
    return [value[0] * 2 ** doublings, value[1] / value[0]];
  }),
);

const halvings = 6;
const terms = 14;

/** e^x = value * 2^exponent, by Taylor's series after halving the rest six times; about 100 bits. */
function expand(x: DoubleDouble): { value: DoubleDouble; exponent: number } {
  const exponent = Math.round(x[0] / Math.LN2);
  const product = timesLog2(exponent);
  const rest = add(x, [-product[0], -product[1]]);
  const small: DoubleDouble = [rest[0] / 2 ** halvings, rest[1] / 2 ** halvings];
  // e^s - 1 is squared as (1 + t)^2 - 1 = 2t + t^2, which keeps the small part's digits.
  let sum: DoubleDouble = [0, 0];
  for (let term = terms; term >= 1; term -= 1) sum = divide(multiply(add(sum, [1, 0]), small), term);
  for (let round = 0; round < halvings; round += 1) sum = add([2 * sum[0], 2 * sum[1]], multiply(sum, sum));
  return { value: add([1, 0], sum), exponent };
}

function timesLog2(exponent: number): DoubleDouble {
  return add([exponent * log2.first, 0], add(twoProduct(exponent, log2.second), [exponent * log2.third, 0]));
}

function normalize(x: number): { mantissa: number; exponent: number } {
  let exponent = Math.floor(Math.log2(x));
  let mantissa = scaleBy(x, -exponent);
  if (mantissa > Math.SQRT2) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  return { mantissa, exponent };
}

function scaleBy(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

function expOutside(x: number): number {
  if (!Number.isFinite(x) || x > 709.79 || x < -745.2) return Math.exp(x);
  const { value, exponent } = expand([x, 0]);
  return scaleBy(value[0], exponent);
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
