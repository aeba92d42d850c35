import type { PythonRandom } from '../python-random.ts';
import { matchCase } from './casing.ts';
import { contracted } from './contractions.ts';
import { anyOf, boundary } from './words.ts';

/** Text in, text out; draws from `random` in the order of HELM's perturbation of the same name, so that the same seed gives the same text. */
export type Perturb = (text: string, random: PythonRandom) => string;

/** Correct word to its common misspellings. */
export type Misspellings = ReadonlyMap<string, readonly string[]>;

/** HELM's lowercase_perturbation.py. */
export const lowercase: Perturb = (text) => text.toLowerCase();

/** HELM's contraction_expansion_perturbation.py, ContractionPerturbation: "she is " becomes "she's ". */
export const contraction: Perturb = (text) => contracted(text);

/** HELM's space_perturbation.py: each run of spaces becomes 1 to `most` spaces. */
export function spaces(most: number): Perturb {
  return (text, random) => text.replaceAll(/ +/g, () => ' '.repeat(random.randint(1, most)));
}

/** HELM's misspelling_perturbation.py: each word of the list is misspelt with this probability. The list is given, it is not ours. */
export function misspelling(probability: number, misspellings: Misspellings): Perturb {
  const pattern = new RegExp(`${boundary}(${anyOf([...misspellings.keys()])})${boundary}`, 'gu');
  return (text, random) =>
    text.replaceAll(pattern, (word) => (random.random() < probability ? matchCase(word, random.choice(misspellings.get(word) ?? [word])) : word));
}

/** HELM's mild_mix_perturbation.py, its one perturbation for robustness. */
export function mildMix(misspellings: Misspellings): Perturb {
  const steps = [lowercase, contraction, misspelling(0.1, misspellings), spaces(3)];
  return (text, random) => steps.reduce((changed, step) => step(changed, random), text);
}

/** HELM's typos_perturbation.py: letters become neighbours on a QWERTY keyboard with this probability. */
export function typos(probability: number): Perturb {
  return (text, random) => [...text].map((letter) => mistyped(letter, probability, random)).join('');
}

function mistyped(letter: string, probability: number, random: PythonRandom): string {
  const lower = letter.toLowerCase();
  const keys = neighbours[lower];
  const typed = keys !== undefined && random.random() < probability ? random.choice([...keys]) : lower;
  return lower === letter ? typed : typed.toUpperCase();
}

const neighbours: Readonly<Record<string, string>> = {
  q: 'was', w: 'qesad', e: 'wsdfr', r: 'edfgt', t: 'rfghy', y: 'tghju', u: 'yhjki', i: 'ujklo', o: 'iklp', p: 'ol',
  a: 'qwsz', s: 'weadzx', d: 'erfcxs', f: 'rtgvcd', g: 'tyhbvf', h: 'yujnbg', j: 'uikmnh', k: 'iolmj', l: 'opk',
  z: 'asx', x: 'sdcz', c: 'dfvx', v: 'fgbc', b: 'ghnv', n: 'hjmb', m: 'jkn',
};
