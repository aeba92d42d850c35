import { describe, expect, it } from 'vitest';
import { createPerturber, type Instance, type PerturbationName, perturbationNames, pythonRandomOfText, type WordLists, worstCase } from '../../../domain/adaptation/index.ts';
import { firstNameSubstitution, parsePersonNames } from '../../../domain/adaptation/perturbations/person-names.ts';
import { readFixture, sha512 } from './read-fixture.ts';

type Row = [name: PerturbationName, id: string, input: string, reference: string, changedInput: string, changedReference: string];
const recorded = readFixture<{ misspellings: Record<string, string[]>; dialect: Record<string, string[]>; names: string[]; rows: Row[] }>('perturbations.json');
const lists: WordLists = {
  misspellings: new Map(Object.entries(recorded.misspellings)),
  dialect: new Map(Object.entries(recorded.dialect)),
  names: firstNameSubstitution(parsePersonNames(recorded.names.join('\n'))),
};
const randomOf = (seed: string) => pythonRandomOfText(seed, sha512);

describe('a perturbed copy is that of HELM 0.5.16', () => {
  it.each(perturbationNames)('%s', (name) => {
    const rows = recorded.rows.filter(([each]) => each === name);
    expect(rows.length).toBeGreaterThan(0);
    const perturber = createPerturber([{ name }], lists, randomOf);
    for (const [, id, input, reference, changedInput, changedReference] of rows) {
      const instance: Instance = { id, input, references: [{ text: reference, correct: true, tags: [] }], split: 'test' };
      const copies = perturber(instance).map((copy) => [copy.input, copy.references[0]?.text]);
      // An unchanged question is skipped, as HELM's runs skip it.
      expect(copies).toEqual(changedInput === input ? [] : [[changedInput, changedReference]]);
    }
  });
});

it('refuses a perturbation whose word list is not given', () => {
  expect(() => createPerturber([{ name: 'mild_mix' }], {}, randomOf)).toThrow(TypeError);
});

describe('the worst case of a metric', () => {
  const values = [
    { of: 'a', value: 1 },
    { of: 'a', perturbation: 'robustness' as const, value: 0 },
    { of: 'a', perturbation: 'fairness' as const, value: 0.5 },
    { of: 'b', value: 1 },
    { of: 'c', value: null },
  ];

  it.each([['robustness', 0.5], ['fairness', 0.75]] as const)('of %s is the mean of the least values', (kind, expected) => {
    expect(worstCase(values, kind)).toBe(expected);
  });

  it('of nothing is no number', () => {
    expect(worstCase([], 'fairness')).toBeNull();
  });
});
