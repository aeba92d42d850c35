/** Above this many terms numpy halves the range (PW_BLOCKSIZE in numpy/_core/src/umath/loops_utils.h.src). */
const blockSize = 128;
const lanes = 8;

/** The sum as numpy's add.reduce forms it for a contiguous array of doubles: pairwise, in blocks of eight lanes. */
export function pairwiseSum(values: readonly number[]): number {
  const at = (index: number): number => values[index] ?? 0;
  if (values.length < lanes) return values.reduce((sum, value) => sum + value, 0);
  if (values.length > blockSize) {
    const half = Math.floor(values.length / 2);
    const middle = half - (half % lanes);
    return pairwiseSum(values.slice(0, middle)) + pairwiseSum(values.slice(middle));
  }
  const sums = values.slice(0, lanes);
  const whole = values.length - (values.length % lanes);
  for (let index = lanes; index < whole; index += 1) sums[index % lanes] = (sums[index % lanes] ?? 0) + at(index);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sums;
  return values.slice(whole).reduce((sum, value) => sum + value, a + b + (c + d) + (e + f + (g + h)));
}

/** numpy.mean of doubles; NaN for none. */
export function numpyMean(values: readonly number[]): number {
  return pairwiseSum(values) / values.length;
}
