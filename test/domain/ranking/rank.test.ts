import { describe, expect, test } from 'vitest';
import { kendallTauB, rank, rankAgreementBySize, ruleNames, spearman } from '../../../domain/ranking/index.ts';
import { holm } from '../../../domain/ranking/permutation.ts';
import { seededRandom } from '../../../domain/random.ts';
import { parseResults, type Results, Scores } from '../../../domain/results.ts';

const options = { seed: '1', bootstrap: 200, permutations: 300 };

describe.each(ruleNames)('rank by %s', (rule) => {
  test('gives the shape reprise.scores/v1, the best model first', () => {
    const scores = rank(tableWithItems([0.3, 0.9, 0.6]), rule, options);
    expect(Scores.parse(scores)).toEqual(scores);
    expect(scores.models.map(({ id, rank: place }) => [id, place])).toEqual([['m1', 1], ['m2', 2], ['m0', 3]]);
  });

  test('gives the same digits for the same seed and others for another', () => {
    const results = tableWithItems([0.5, 0.52, 0.55], 40);
    expect(rank(results, rule, options)).toEqual(rank(results, rule, options));
    expect(rank(results, rule, { ...options, seed: '2' }).neighbours).not.toEqual(rank(results, rule, options).neighbours);
  });

  test('tells clearly different models apart and says of equal ones that they are tied', () => {
    const clear = rank(tableWithItems([0.2, 0.9]), rule, options);
    expect(clear.models.map(({ tiedWith, interval }) => [tiedWith, interval?.rank])).toEqual([[[], [1, 1]], [[], [2, 2]]]);
    expect(clear.neighbours[0]?.test?.p).toBeLessThan(0.01);
    const close = rank(tableWithItems([0.5, 0.51], 40), rule, options);
    expect(close.models[0]?.tiedWith).toEqual([close.models[1]?.id]);
    expect(close.neighbours[0]?.test?.p).toBeGreaterThan(0.05);
  });

  test('without items there is a ranking without intervals', () => {
    const { items: _, ...results } = tableWithItems([0.2, 0.9]);
    const scores = rank(results, rule, options);
    expect(scores.bootstrap).toBeUndefined();
    expect(scores.models[0]?.interval).toBeUndefined();
    expect(scores.neighbours[0]?.test).toBeUndefined();
  });
});

test('models of equal score share a rank, and the next one is skipped', () => {
  const scores = rank(tableOfValues([[0.5], [0.5], [0.9], [0.1]]), 'contest-2023', options);
  expect(scores.models.map(({ id, rank: place }) => [id, place])).toEqual([['m2', 1], ['m0', 2], ['m1', 2], ['m3', 4]]);
});

test('columns in which a model has no value are named', () => {
  const scores = rank(tableOfValues([[0.5, null], [0.4, 0.2]]), 'pairwise', options);
  expect(scores.models.find(({ id }) => id === 'm0')?.missing).toEqual(['c1']);
});

test('the scenario that decides a pair is named', () => {
  const { neighbours } = rank(tableOfValues([[0.9, 0.5, 0.5], [0.1, 0.6, 0.6]]), 'pairwise', options);
  expect(neighbours[0]).toMatchObject({ above: 'm0', below: 'm1', decidedBy: { scenarios: ['s0'], columns: ['c0'] } });
});

test('a model that has a value only in one scenario falls below all when that is left out', () => {
  const { neighbours } = rank(tableOfValues([[0.9, null], [0.1, 0.5]]), 'helm', options);
  expect(neighbours[0]).toMatchObject({ above: 'm0', decidedBy: { scenarios: ['s0'] } });
});

test('leaving one model out shows which others it turns over', () => {
  const table = tableOfValues([[0.9, 0.1], [0.5, 0.5], [0.6, 0.05]]);
  expect(rank(table, 'pairwise', options).stability.flatMap(({ turnedOver }) => turnedOver)).toEqual([]);
  const turned = Array.from({ length: 30 }, (_, seed) => {
    const random = seededRandom(`stability ${seed}`);
    const values = Array.from({ length: 5 }, () => Array.from({ length: 4 }, () => random()));
    return rank(tableOfValues(values), 'contest-2023', options).stability.flatMap(({ turnedOver }) => turnedOver);
  });
  expect(turned.flat().length).toBeGreaterThan(0);
});

test('the interval covers the true score in about 95 of 100 samples', () => {
  const covered = Array.from({ length: 40 }, (_, seed) => {
    const results = tableWithItems([0.6, 0.3], 100, `coverage ${seed}`);
    const [low = 0, high = 0] = rank(results, 'pairwise', { ...options, bootstrap: 200, permutations: 0 }).models[0]?.interval?.full ?? [];
    return low <= 0.6 && 0.6 <= high;
  });
  expect(covered.filter(Boolean).length).toBeGreaterThanOrEqual(34);
});

test("Holm's correction is that of statsmodels", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
});

describe('agreement', () => {
  test.each([
    [[1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.8207826816681233, 0.7378647873726218],
    [[1, 2, 3], [3, 2, 1], -1, -1],
    [[12, 2, 1, 12, 2], [1, 4, 7, 1, 0], -0.5407380704358752, -0.4714045207910316],
  ])('of %j and %j equals scipy', (left, right, rho, tau) => {
    expect(spearman(left, right)).toBeCloseTo(rho, 14);
    expect(kendallTauB(left, right)).toBeCloseTo(tau, 14);
  });

  test('of a constant is undefined, not zero', () => {
    expect(spearman([1, 1], [1, 2])).toBeNull();
    expect(kendallTauB([1, 1], [1, 2])).toBeNull();
  });

  test('grows with the number of items and is complete with all of them', () => {
    const random = seededRandom('agreement');
    const items = [Array.from({ length: 8 }, (_, model) => Array.from({ length: 400 }, () => Number(random() < 0.3 + model / 20)))];
    const [few, more, all] = rankAgreementBySize(items, [10, 100, 400], { seed: '1', rounds: 30 });
    expect(few?.spearman ?? 1).toBeLessThan(more?.spearman ?? 0);
    expect(all).toMatchObject({ size: 400, spearman: expect.closeTo(1), kendall: expect.closeTo(1), rankDistance: 0 });
  });
});

function tableOfValues(rows: (number | null)[][]): Results {
  const columns = (rows[0] ?? []).map((_, index) => ({ id: `c${index}`, scenario: `s${index}`, stage: 'open', better: 'higher' }));
  const models = rows.map((row, index) => ({ id: `m${index}`, values: Object.fromEntries(row.map((value, at) => [`c${at}`, value])) }));
  return parseResults(JSON.stringify({ schema: 'reprise.results/v1', columns, models }));
}

/** Two scenarios, one per stage, whose items are right with each model's probability. */
function tableWithItems(probabilities: number[], count = 200, seed = 'items'): Results {
  const random = seededRandom(seed);
  const columns = ['open', 'closed'].map((stage) => ({ id: `acc-${stage}`, scenario: `s-${stage}`, stage, better: 'higher' }));
  const draw = (): Record<string, number[]> =>
    Object.fromEntries(probabilities.map((probability, index) => [`m${index}`, Array.from({ length: count }, () => Number(random() < probability))]));
  const items = Object.fromEntries(columns.map(({ id }) => [id, draw()]));
  const models = probabilities.map((_, index) => ({
    id: `m${index}`,
    values: Object.fromEntries(columns.map(({ id }) => [id, mean(items[id]?.[`m${index}`])])),
  }));
  return parseResults(JSON.stringify({ schema: 'reprise.results/v1', columns, models, items }));
}

function mean(values: number[] = []): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
