import { describe, expect, it } from 'vitest';
import { eliminationOf } from '../../../domain/analysis/index.ts';
import type { Results } from '../../../domain/results.ts';

/** `share` of the questions are right, the first ones. */
const answers = (share: number, count = 200): number[] => Array.from({ length: count }, (_, index) => (index < share * count ? 1 : 0));

function table(shares: Record<string, number>, better: 'higher' | 'lower' = 'higher'): Results {
  const items = Object.fromEntries(Object.entries(shares).map(([id, share]) => [id, answers(share)]));
  return {
    schema: 'reprise.results/v1',
    columns: [{ id: 's', scenario: 's', stage: 'open', better }],
    models: Object.entries(shares).map(([id, share]) => ({ id, values: { s: share } })),
    items: { s: items },
  };
}
const out = (results: Results, keep = 1): string[] => eliminationOf(results, { keep, risk: 0.05, seed: '1' }).models.flatMap(({ id, eliminated }) => (eliminated ? [id] : []));

describe('elimination from a results table', () => {
  it('takes out what is clearly worse, and says by whom it is beaten', () => {
    const elimination = eliminationOf(table({ good: 0.9, fair: 0.85, poor: 0.1 }), { keep: 2, risk: 0.05, seed: '1' });
    expect(elimination.models).toEqual([
      { id: 'good', eliminated: false, beatenBy: [] },
      { id: 'fair', eliminated: false, beatenBy: [] },
      { id: 'poor', eliminated: true, beatenBy: ['good', 'fair'] },
    ]);
    expect(elimination.scenarios).toEqual([{ name: 's', column: 's', questions: 200 }]);
  });

  it('takes out the other ones where less is better', () => {
    expect(out(table({ few: 0.1, many: 0.9 }, 'lower'))).toEqual(['many']);
  });

  it('is not misled by an order in which the easy questions come first, unless it is told that the order is random', () => {
    const results = table({ early: 0.5, late: 0.5 });
    if (results.items?.['s']) results.items['s']['late'] = answers(0.5).toReversed();
    expect(out(results)).toEqual([]);
    expect(eliminationOf(results, { keep: 1, risk: 0.05, seed: undefined }).models.filter(({ eliminated }) => eliminated).map(({ id }) => id)).toEqual(['late']);
  });

  it('leaves out a question that has no value for one of the models', () => {
    const results = table({ good: 0.9, poor: 0.1 });
    if (results.items?.['s']?.['good']) results.items['s']['good'] = [null, ...answers(0.9).slice(1)];
    expect(eliminationOf(results, { keep: 1, risk: 0.05, seed: '1' }).scenarios[0]?.questions).toBe(199);
  });

  it('refuses a table without single questions, and values that the bound does not hold for', () => {
    const { items: _, ...means } = table({ a: 0.9, b: 0.1 });
    expect(() => out(means)).toThrow(/no values of single questions/);
    const wide = table({ a: 0.9, b: 0.1 });
    if (wide.items?.['s']) wide.items['s']['a'] = answers(0.9).map((value) => value * 2);
    expect(() => out(wide)).toThrow(/outside of \[0, 1\]/);
    const signed = table({ a: 0.9, b: 0.1 });
    if (signed.items?.['s']) signed.items['s']['a'] = answers(0.9).map((value) => value * 2 - 1);
    expect(() => out(signed)).toThrow(/outside of \[0, 1\]/);
  });
});
