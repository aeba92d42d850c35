import { twisterOfNumber } from './mersenne-twister.ts';
import { numpyInterval } from './numpy-permutation.ts';

/**
 * `numpy.random.seed(0); numpy.random.choice(values, count, replace=False)`: the first of a shuffled list. HELM 0.5.16 draws its
 * evaluation instances so (helm/benchmark/runner.py, downsample_eval_instances), and keeps all where there are no more than `count`.
 */
export function downsample<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  const word = twisterOfNumber(0);
  const order = values.map((_, index) => index);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = numpyInterval(word, last);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order.slice(0, count).map((index) => values[index] as T);
}
