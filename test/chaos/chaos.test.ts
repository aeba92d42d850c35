import { describe, expect, it } from 'vitest';
import { enterWorld } from './enter.ts';
import { optionsOf } from './options.ts';
import { planOf } from './plan.ts';

describe('a stack whose parts are killed', { timeout: 480_000 }, () => {
  it('loses, doubles and falsifies nothing, and is back at work soon', async () => {
    const summary = await enterWorld(optionsOf(['--minutes', '1.5', '--seed', '1']));
    expect(summary.findings, JSON.stringify(summary.timeline)).toEqual([]);
    expect(summary.kills).toBeGreaterThan(0);
    expect(summary.answers).toBe(summary.submissions * 200);
  });
});

describe('the plan of the faults', () => {
  const first = (seed: string) => {
    const plan = planOf(seed);
    return Array.from({ length: 50 }, () => plan.next().value);
  };

  it('is the same for the same seed, and another for another', () => {
    expect(first('1')).toEqual(first('1'));
    expect(first('2')).not.toEqual(first('1'));
  });
});
