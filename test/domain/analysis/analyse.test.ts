import { describe, expect, test } from 'vitest';
import { analyse, Analysis } from '../../../domain/analysis/index.ts';
import { type Results, parseResults } from '../../../domain/results.ts';

type Stage = 'open' | 'closed';

function mean(values: (number | null)[] = []): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
}

/** A table from items: scenario -> model -> values. */
function tableOf(scenarios: Record<string, [Stage, Record<string, (number | null)[]>]>, trainingMs: Record<string, number | null> = {}): Results {
  const models = [...new Set(Object.values(scenarios).flatMap(([, byModel]) => Object.keys(byModel)))];
  return parseResults(
    JSON.stringify({
      schema: 'reprise.results/v1',
      columns: Object.entries(scenarios).map(([id, [stage]]) => ({ id, scenario: id, stage, better: 'higher' })),
      models: models.map((id) => ({ id, values: Object.fromEntries(Object.entries(scenarios).map(([name, [, byModel]]) => [name, mean(byModel[id])])), trainingMs: trainingMs[id] ?? null })),
      items: Object.fromEntries(Object.entries(scenarios).map(([name, [, byModel]]) => [name, byModel])),
    }),
  );
}

const right = (count: number, of = 20): number[] => Array.from({ length: of }, (_, index) => Number(index < count));
const options = { rule: 'pairwise', seed: '1', bootstrap: 200 } as const;
const turned = tableOf(
  {
    sums: ['open', { ada: right(18), bob: right(12), cyd: right(6), dan: right(2) }],
    facts: ['closed', { ada: right(2), bob: right(6), cyd: right(12), dan: right(18) }],
  },
  { ada: 4_000, bob: 3_000, cyd: 2_000, dan: 1_000 },
);

describe('the meta-analysis', () => {
  const analysis = analyse(turned, options);

  test('says how far the open ranking foretells the closed one', () => {
    expect(analysis.stageAgreement).toMatchObject({ spearman: -1, kendall: -1, models: 4 });
    // Of 24 orders of four models two are as extreme.
    expect(analysis.stageAgreement?.p).toBeCloseTo(2 / 24, 1);
    expect(analysis.stageAgreement?.ranks.find(({ id }) => id === 'dan')).toEqual({ id: 'dan', open: 4, closed: 1, full: 1 });
  });

  test('correlates every two scenarios and the full score', () => {
    expect(analysis.scenarioAgreement).toEqual({ scenarios: ['sums', 'facts'], spearman: [[1, -1, -1], [-1, 1, 1], [-1, 1, 1]] });
  });

  test('ranks every model in every scenario, the best first', () => {
    expect(analysis.rankTable.rows.map(({ id, ranks }) => [id, ...ranks])).toEqual([['dan', 4, 1], ['cyd', 3, 2], ['bob', 2, 3], ['ada', 1, 4]]);
  });

  test('sets score against training time', () => {
    expect(analysis.trainingTime).toMatchObject({ spearman: -1, models: 4 });
  });

  test('names the scenario and the items that decide a place', () => {
    const pair = analysis.pairs[0];
    expect([pair?.above, pair?.below, pair?.decidedBy.scenarios]).toEqual(['dan', 'cyd', ['facts']]);
    expect(pair?.turnedBy).toMatchObject({ scenario: 'facts', of: 20 });
    // Where only dan is right: items 12 to 17.
    for (const item of pair?.turnedBy?.items ?? []) expect(item).toSatisfy((at: number) => at >= 12 && at < 18);
  });

  test('satisfies its schema and gives the same digits again', () => {
    expect(Analysis.parse(analysis)).toEqual(analysis);
    expect(JSON.stringify(analyse(turned, options))).toBe(JSON.stringify(analysis));
  });
});

describe('coarse rounds', () => {
  const many = tableOf({
    a: ['open', { one: right(160, 200), two: right(120, 200), three: right(80, 200), four: right(40, 200) }],
    b: ['open', { one: right(150, 200), two: right(110, 200), three: right(90, 200), four: right(50, 200) }],
  });

  test('agree better the more items they have', () => {
    const sizes = analyse(many, options).coarse?.bySize ?? [];
    expect(sizes.map(({ size }) => size)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(sizes.at(-1)?.spearman).toBeGreaterThan(sizes[0]?.spearman ?? 1);
    expect(sizes.at(-1)).toMatchObject({ questions: 200, rankDistance: 0 });
  });

  test('leave out a model without items and an item without a value, and take neither for zero', () => {
    const holes = tableOf({
      a: ['open', { one: [1, null, 1, 1], two: [0, 1, 0, 1], three: [1, 0, 0, 0] }],
      b: ['open', { one: [1, 1], two: [0, 1] }],
    });
    expect(analyse(holes, options).coarse).toMatchObject({ models: ['one', 'two'], leftOut: ['three'], scenarios: [{ name: 'a', items: 3 }, { name: 'b', items: 2 }] });
  });
});

describe('what a table does not hold', () => {
  const plain = parseResults(
    JSON.stringify({
      schema: 'reprise.results/v1',
      columns: ['x', 'y'].map((id) => ({ id, scenario: id, stage: 'open', better: 'higher' })),
      models: [{ id: 'one', values: { x: 0.5, y: null } }, { id: 'two', values: { x: 0.25, y: 0.5 } }],
    }),
  );

  test('is null: no second stage, no items, no training time', () => {
    expect(analyse(plain, { ...options, rule: 'helm' })).toMatchObject({ stageAgreement: null, coarse: null, trainingTime: null, pairs: [{ turnedBy: null }] });
  });

  test('a missing value is no rank', () => {
    const { rows } = analyse(plain, { ...options, rule: 'helm' }).rankTable;
    expect(rows.find(({ id }) => id === 'one')?.ranks).toEqual([1, null]);
  });
});
