import { describe, expect, it } from 'vitest';
import { coarseRound, eliminate, type ModelScores, type Stratum } from '../../../domain/adaptation/index.ts';
import { type Random, seededRandom } from '../../../domain/random.ts';

function stratum(name: string, groups: number, copies = 1): Stratum<string> {
  return { name, groups: Array.from({ length: groups }, (_, index) => Array.from({ length: copies }, (_each, copy) => `${name}-${index}-${copy}`)) };
}
const sizes = (drawn: Stratum<string>[]): number[] => drawn.map(({ groups }) => groups.length);

describe('a coarse round', () => {
  it.each<[string, Stratum<string>[], number, number[]]>([
    ['gives each scenario the same share', [stratum('a', 500), stratum('b', 300), stratum('c', 200)], 600, [200, 200, 200]],
    ['gives to others what a scenario lacks', [stratum('a', 500), stratum('b', 10), stratum('c', 500)], 610, [300, 10, 300]],
    ['takes all where the budget allows it', [stratum('a', 3), stratum('b', 4)], 600, [3, 4]],
    ['counts perturbed copies, and keeps them with their question', [stratum('a', 50, 3), stratum('b', 50, 1)], 40, [10, 10]],
  ])('%s', (_what, strata, budget, expected) => {
    const drawn = coarseRound(strata, budget, 'seed');
    expect(sizes(drawn)).toEqual(expected);
    expect(drawn.flatMap(({ groups }) => groups.flat()).length).toBeLessThanOrEqual(budget);
  });

  it('is the same for the same seed, another for another, and part of a larger one', () => {
    const strata = [stratum('a', 100), stratum('b', 100)];
    expect(coarseRound(strata, 20, 'x')).toEqual(coarseRound(strata, 20, 'x'));
    expect(coarseRound(strata, 20, 'x')).not.toEqual(coarseRound(strata, 20, 'y'));
    const larger = new Set(coarseRound(strata, 60, 'x').flatMap(({ groups }) => groups.flat()));
    expect(coarseRound(strata, 20, 'x').flatMap(({ groups }) => groups.flat()).every((id) => larger.has(id))).toBe(true);
  });

  it('refuses a budget that leaves a scenario empty', () => {
    expect(() => coarseRound([stratum('a', 5), stratum('b', 5)], 1, 's')).toThrow(RangeError);
  });
});

/** Models that know each question with their own probability; hard and easy questions are the same for all. */
function simulate(abilities: readonly number[], questions: number, random: Random): ModelScores[] {
  const scenarios = [0, 0.1, -0.1].map((ease) => Array.from({ length: questions }, () => ({ ease, common: random() })));
  return abilities.map((ability, index) => ({
    model: String(index),
    scenarios: scenarios.map((list) => list.map(({ ease, common }) => ((random() < 0.5 ? common : random()) < ability + ease ? 1 : 0))),
  }));
}

describe('elimination', () => {
  const risk = 0.1;
  // The best three are models 0 to 2; 3 to 5 are as good as the third or nearly so, where a wrong elimination is easiest.
  const abilities = [0.6, 0.58, 0.56, 0.56, 0.56, 0.55, 0.3, 0.25];

  it('is wrong no more often than stated, in 400 simulated rounds', () => {
    const random = seededRandom('elimination');
    let wrong = 0;
    for (let round = 0; round < 400; round += 1) {
      const gone = eliminate(simulate(abilities, 200, random), { keep: 3, risk });
      if (gone.some(({ model }) => Number(model) <= 4)) wrong += 1;
    }
    expect(wrong / 400).toBeLessThanOrEqual(risk);
  });

  it('takes out what is clearly worse with the contest’s budget of 600 questions', () => {
    const random = seededRandom('power');
    const gone = Array.from({ length: 20 }, () => eliminate(simulate(abilities, 200, random), { keep: 3, risk }).map(({ model }) => model));
    expect(gone.filter((models) => models.includes('6') && models.includes('7')).length).toBeGreaterThanOrEqual(19);
  });

  it.each([['equal models', [0.5, 0.5, 0.5]], ['no more models than are kept', [0.9, 0.1]]])('leaves %s', (_what, each) => {
    const gone = eliminate(simulate(each, 100, seededRandom('none')), { keep: 2, risk: 0.01 });
    expect(gone).toEqual([]);
  });
});
