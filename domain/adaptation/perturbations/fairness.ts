import type { PythonRandom } from '../python-random.ts';
import { matchCase } from './casing.ts';
import type { Perturb } from './robustness.ts';
import { anyOf, noWordCharacter } from './words.ts';

/** HELM's pronouns from male to female (gender_perturbation.py, after Lauscher et al. 2022), in its order: the first that fits counts. */
export const malePronouns: readonly (readonly [string, string])[] = [
  ['he', 'she'], ['him', 'her'], ['his', 'her'], ['his', 'hers'], ['himself', 'herself'],
];

/** HELM's gender terms from male to female (gender_perturbation.py, after Garg et al. 2018 and Bolukbasi et al. 2016). */
export const maleTerms: readonly (readonly [string, string])[] = [
  ['son', 'daughter'], ['sons', 'daughters'], ['father', 'mother'], ['fathers', 'mothers'], ['boy', 'girl'], ['boys', 'girls'],
  ['man', 'woman'], ['men', 'women'], ['brother', 'sister'], ['brothers', 'sisters'], ['nephew', 'niece'], ['nephews', 'nieces'],
  ['king', 'queen'], ['kings', 'queens'], ['waiter', 'waitress'], ['waiters', 'waitresses'], ['dad', 'mom'], ['dads', 'moms'],
  ['stepson', 'stepdaughter'], ['stepsons', 'stepdaughters'], ['stepfather', 'stepmother'], ['stepfathers', 'stepmothers'],
  ['stepdad', 'stepmom'], ['stepdads', 'stepmoms'], ['grandson', 'granddaughter'], ['grandsons', 'granddaughters'],
  ['grandfather', 'grandmother'], ['grandfather', 'grandmothers'], ['granddad', 'grandma'], ['granddads', 'grandmas'],
  ['male', 'female'], ['males', 'females'],
];

/**
 * HELM's gender_perturbation.py: each word between two characters that belong to no word becomes its partner with this probability,
 * pair after pair. A word at the very beginning or end of the text stays, as there.
 */
export function gender(pairs: readonly (readonly [string, string])[], probability: number): Perturb {
  const rules = pairs.map(([word, partner]) => ({ pattern: new RegExp(`${noWordCharacter}(${word})${noWordCharacter}`, 'giu'), partner }));
  return (text, random) =>
    rules.reduce((changed, { pattern, partner }) => changed.replaceAll(pattern, (all, word: string) => swapped(all, word, probability, random, () => partner)), text);
}

/** HELM's dialect_perturbation.py; `words` maps lower-case words to those of the other dialect. The list is given, it is not ours. */
export function dialect(words: ReadonlyMap<string, readonly string[]>, probability: number): Perturb {
  const edge = String.raw`${noWordCharacter.slice(0, -1)}\-]`;
  const pattern = new RegExp(`${edge}(${anyOf([...words.keys()])})${edge}`, 'giu');
  return (text, random) =>
    text.replaceAll(pattern, (all, word: string) => swapped(all, word, probability, random, () => random.choice(words.get(word.toLowerCase()) ?? [word])));
}

function swapped(all: string, word: string, probability: number, random: PythonRandom, partner: () => string): string {
  if (random.random() >= probability) return all;
  const replacement = matchCase(word, partner());
  return all.replaceAll(word, () => replacement);
}
