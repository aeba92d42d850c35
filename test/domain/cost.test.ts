import { expect, it } from 'vitest';
import { parsePrices, priceOf, totalCost, type StageCost } from '../../domain/index.ts';

const cost: StageCost = { wallMs: 1_000, queuedMs: 3_600_000, cpuSeconds: 7_200, gpuSeconds: 3_600, energyJoules: 3.6e6, storedBytes: 1024 ** 3, movedBytes: 2 * 1024 ** 3 };

it('prices what was used by the operator’s table, and no waiting', () => {
  const prices = parsePrices('gpu-hour=2.5, cpu-hour=0.04,moved-gib=0.01, stored-gib=0.02,kwh=0.3,currency=EUR');
  expect(prices?.currency).toBe('EUR');
  expect(prices && priceOf(cost, prices)).toBeCloseTo(2.5 + 0.08 + 0.02 + 0.02 + 0.3);
});

it('knows no price where none is given, and names what it does not understand', () => {
  expect(parsePrices('')).toBeUndefined();
  expect(parsePrices('currency=EUR')).toBeUndefined();
  for (const text of ['gpu-hour=-1', 'gpu-hour=', 'gpu-hour=dear', 'tea=1']) expect(() => parsePrices(text)).toThrow(text);
});

it('sums stages, and leaves out what no stage measured', () => {
  const { cpuSeconds: _cpu, gpuSeconds: _gpu, energyJoules: _energy, ...plain } = cost;
  expect(totalCost([plain, plain])).toEqual({ wallMs: 2_000, queuedMs: 7_200_000, storedBytes: 2 * 1024 ** 3, movedBytes: 4 * 1024 ** 3 });
  expect(totalCost([plain, cost])).toMatchObject({ gpuSeconds: 3_600, cpuSeconds: 7_200 });
});
