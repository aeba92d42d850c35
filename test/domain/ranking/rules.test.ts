import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contest2023 } from '../../../domain/ranking/contest-2023.ts';
import { exp, log } from '../../../domain/ranking/elementary.ts';
import { exactMean, fsum } from '../../../domain/ranking/fsum.ts';
import { helm } from '../../../domain/ranking/helm.ts';
import { pairwise } from '../../../domain/ranking/pairwise.ts';
import { exactMeans, type ModelScore, type Rule, type Table, tableOf, withoutModel } from '../../../domain/ranking/table.ts';
import { seededRandom } from '../../../domain/random.ts';
import type { Results } from '../../../domain/results.ts';

describe('sums', () => {
  test("fsum and exactMean equal Python's math.fsum and statistics.mean", () => {
    for (const [values, sum, mean] of recorded<[number[], number, number]>('sums.jsonl')) {
      expect(fsum(values), String(values)).toBe(sum);
      expect(exactMean(values), String(values)).toBe(mean);
    }
  });

  test('a sum does not depend on the order', () => {
    const values = Array.from({ length: 1_000 }, () => 0.1);
    expect(fsum(values)).toBe(100);
    expect(fsum([1e100, 1, -1e100, ...values])).toBe(fsum([...values, -1e100, 1e100, 1]));
  });

  test('special values go through as in addition', () => {
    expect(fsum([1, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
    expect(fsum([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBeNaN();
    expect(exactMean([])).toBeNaN();
    expect(() => fsum([1e308, 1e308])).toThrow(RangeError);
  });
});

describe('elementary functions', () => {
  test('log is correctly rounded, and exp within what glibc allows itself', () => {
    let other = 0;
    for (const [x, logarithm, y, exponential] of recorded<[number, number, number, number]>('elementary.jsonl')) {
      expect(log(x), String(x)).toBe(logarithm);
      expect(Math.abs(exp(y) - exponential)).toBeLessThanOrEqual(exponential * 2 ** -52);
      other += Number(exp(y) !== exponential);
    }
    expect(other).toBeLessThanOrEqual(3);
  });

  test.each([
    [0, 1],
    [1, Math.E],
    [-744.4400719213812, 5e-324],
    [-800, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [800, Number.POSITIVE_INFINITY],
    [1e-300, 1],
  ])('e^%d is %d', (x, expected) => {
    expect(exp(x)).toBe(expected);
  });
});

describe('contest-2023', () => {
  test('equals the rule written in Python bit for bit', () => {
    for (const [results, expected] of recorded<[Results, [number | null, number | null, number | null, Record<string, number>][]]>('contest-2023.jsonl')) {
      const scores = contest2023(tableOf(results), exactMeans).map(({ open, closed, full, scenarios }) => [open, closed, full, scenarios]);
      expect(scores).toEqual(expected);
    }
  });

  test.each([
    ['a tie counts 1/k', [0.5, 0.5, 0.1], [(1 + 1 / 2) / 3, (1 + 1 / 2) / 3, Number.MIN_VALUE]],
    ['the worst alone has 0, replaced by the least double', [1, 0], [0.5, Number.MIN_VALUE]],
    ['a missing value is worst of all', [0, null, 1], [1 / 3, Number.MIN_VALUE, 2 / 3]],
    // The geometric mean of one value is e^(log x), as in Python.
    ['missing values tie', [1, null, null], [2 / 3, 0.16666666666666669, 0.16666666666666669]],
  ])('%s', (_, values, expected) => {
    expect(contest2023(oneColumn(values), exactMeans).map(({ full }) => full)).toEqual(expected);
  });

  test('columns named Stereotypes or Representation are better when lower', () => {
    expect(contest2023(oneColumn([0.1, 0.9], 'Stereotypes (race)'), exactMeans).map(({ full }) => full)).toEqual([0.5, Number.MIN_VALUE]);
  });
});

describe('helm', () => {
  test("equals HELM's mean win rates", () => {
    for (const [lower, rows, expected] of recorded<[boolean[], (number | null)[][], (number | null)[]]>('../../fixtures/helm/ranks.jsonl')) {
      const columns = lower.map((isLower, index) => ({
        ...oneColumn(rows.map((row) => row[index] ?? null), `c${index}`).columns[0],
        better: isLower ? 'lower' : 'higher',
      }));
      const table = { models: rows.map((_, index) => `m${index}`), columns } as Table;
      expect(helm(table, exactMeans).map(({ full }) => full)).toEqual(expected);
    }
  });
});

describe('pairwise', () => {
  test('no other model turns the order of two, where nothing is missing', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const table = randomTable(`pairwise ${seed}`);
      const scores = full(pairwise, table);
      table.models.forEach((_, left) => {
        expect(full(pairwise, withoutModel(table, left))).toEqual(scores.filter((_score, index) => index !== left));
      });
    }
  });

  test('the rule of the contest does not have this property', () => {
    const turned = Array.from({ length: 50 }, (_, seed) => randomTable(`pairwise ${seed}`)).filter((table) => {
      const scores = full(contest2023, table);
      return table.models.some((_, left) => order(full(contest2023, withoutModel(table, left))) !== order(scores.filter((_score, index) => index !== left)));
    });
    expect(turned.length).toBeGreaterThan(10);
  });

  test('a zero in one of many columns costs its share and no more', () => {
    const table = scenarioColumns([[0, 0.9, 0.9, 0.9], [0.5, 0.5, 0.5, 0.5]]);
    expect(full(pairwise, table)).toEqual([0.675, 0.5]);
    expect(full(contest2023, table)[0]).toBeLessThan(1e-50);
  });

  test('a missing value is neither a zero nor a free pass', () => {
    const [missing = 0, weaker = 0] = full(pairwise, scenarioColumns([[0.9, null], [0.8, 0.3], [0.7, 0.2]]));
    expect(missing).toBeGreaterThan(weaker);
    expect(missing).toBeLessThan(0.9);
    expect(missing).toBeCloseTo((0.9 + 0.4) / 2, 6);
  });

  test('the error of the fit does not decide a tie', () => {
    const columns = scenarioColumns([[0.5, 0.1], [0.4, null], [0.4, 0.3]]).columns.map((column, index) => ({ ...column, stage: index === 0 ? 'open' : 'closed' }) as const);
    const [first, second] = full(pairwise, { models: ['a', 'b', 'c'], columns });
    expect(first).toBe(second);
  });

  test('a model without any value has no score', () => {
    expect(full(pairwise, scenarioColumns([[0.9, 0.8], [null, null]]))).toEqual([expect.closeTo(0.85), null]);
  });

  test('columns without the scale of a fraction count by the models beaten', () => {
    expect(pairwise(oneColumn([120, 80, 100], 'seconds', 'lower'), exactMeans).map((score) => score.full)).toEqual([0, 1, 0.5]);
  });
});

function full(rule: Rule, table: Table): number[] {
  return rule(table, exactMeans).map((score: ModelScore) => score.full as number);
}

function order(scores: number[]): string {
  return scores.map((score) => scores.filter((other) => other > score).length).join();
}

function oneColumn(values: (number | null)[], id = 'acc', better: 'higher' | 'lower' = 'higher'): Table {
  return { models: values.map((_, index) => `m${index}`), columns: [{ id, scenario: 's', stage: 'open', better, values }] };
}

/** A row per model, a scenario per column. */
function scenarioColumns(rows: (number | null)[][]): Table {
  const columns = (rows[0] ?? []).map((_, index) => ({
    id: `c${index}`,
    scenario: `s${index}`,
    stage: 'open' as const,
    better: 'higher' as const,
    values: rows.map((row) => row[index] ?? null),
  }));
  return { models: rows.map((_, index) => `m${index}`), columns };
}

function randomTable(seed: string): Table {
  const random = seededRandom(seed);
  return scenarioColumns(Array.from({ length: 6 }, () => Array.from({ length: 5 }, () => Math.round(random() * 100) / 100)));
}

function recorded<T>(name: string): T[] {
  return readFileSync(new URL(name, import.meta.url), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as T);
}
