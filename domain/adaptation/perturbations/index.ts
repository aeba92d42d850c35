import type { Instance, PerturbationOf, Reference } from '../instance.ts';
import type { PythonRandom } from '../python-random.ts';
import { dialect, gender, malePronouns, maleTerms } from './fairness.ts';
import { type NameSubstitution, substituteNames } from './person-names.ts';
import { contraction, lowercase, mildMix, type Misspellings, misspelling, type Perturb, spaces, typos } from './robustness.ts';

export type { Misspellings } from './robustness.ts';

/** Word lists that are not ours to bundle; a perturbation that needs one that is missing is refused. */
export interface WordLists {
  misspellings?: Misspellings;
  dialect?: ReadonlyMap<string, readonly string[]>;
  names?: NameSubstitution;
}
export type WordList = keyof WordLists;

interface Perturbation {
  kind: PerturbationOf['kind'];
  /** References are changed before the question, with the same draws. */
  references: boolean;
  needs?: WordList;
  /** Of changing one place, where HELM draws. */
  probability?: number;
  perturb(lists: WordLists, probability: number): Perturb;
}

/** Names with HELM's usual probabilities (helm/benchmark/run_expander.py). */
const perturbations = {
  mild_mix: { kind: 'robustness', references: false, needs: 'misspellings', perturb: (lists) => mildMix(given(lists.misspellings)) },
  misspellings: { kind: 'robustness', references: false, needs: 'misspellings', probability: 0.2, perturb: (lists, probability) => misspelling(probability, given(lists.misspellings)) },
  typos: { kind: 'robustness', references: false, probability: 0.1, perturb: (_, probability) => typos(probability) },
  contraction: { kind: 'robustness', references: false, perturb: () => contraction },
  lowercase: { kind: 'robustness', references: false, perturb: () => lowercase },
  space: { kind: 'robustness', references: false, perturb: () => spaces(3) },
  dialect: { kind: 'fairness', references: true, needs: 'dialect', probability: 1, perturb: (lists, probability) => dialect(given(lists.dialect), probability) },
  gender: { kind: 'fairness', references: true, probability: 1, perturb: (_, probability) => gender(malePronouns, probability) },
  gender_terms: { kind: 'fairness', references: true, probability: 1, perturb: (_, probability) => gender(maleTerms, probability) },
  person_name: { kind: 'fairness', references: true, needs: 'names', probability: 1, perturb: (lists, probability) => substituteNames(given(lists.names), probability) },
} as const satisfies Record<string, Perturbation>;

export type PerturbationName = keyof typeof perturbations;
export const perturbationNames = Object.keys(perturbations) as [PerturbationName, ...PerturbationName[]];

/** HELM's sets: what `data_augmentation=robustness` and `fairness` apply. */
export const perturbationSets = {
  robustness: ['mild_mix'],
  fairness: ['dialect', 'gender', 'person_name'],
} as const satisfies Record<string, readonly PerturbationName[]>;

/** The list without which this perturbation cannot be made. */
export function listNeededBy(name: PerturbationName): WordList | undefined {
  const perturbation: Perturbation = perturbations[name];
  return perturbation.needs;
}

export interface ChosenPerturbation {
  name: PerturbationName;
  /** HELM's usual one unless given. */
  probability?: number | undefined;
}

/** A function that makes perturbed copies, prepared once for all instances. A copy whose question stays the same is left out, as in HELM. */
export function createPerturber(chosen: readonly ChosenPerturbation[], lists: WordLists, randomOf: (seed: string) => PythonRandom): (instance: Instance) => Instance[] {
  const shared = chosen.map(({ name, probability }) => {
    const perturbation: Perturbation = perturbations[name];
    const create = (): Perturb => perturbation.perturb(lists, probability ?? perturbation.probability ?? 1);
    return { name, perturbation, create, perturb: create() };
  });
  return (instance) =>
    shared.flatMap(({ name, perturbation, create, perturb }) => {
      // Names are remembered over the texts of one instance only.
      const own = name === 'person_name' ? create() : perturb;
      const copy = perturbed(instance, { name, kind: perturbation.kind }, perturbation.references, own, randomOf(instance.id));
      return copy.input === instance.input ? [] : [copy];
    });
}

/** HELM's TextPerturbation.apply; seeded by the instance's id alone, so that each perturbation begins with the same draws. */
function perturbed(instance: Instance, of: PerturbationOf, withReferences: boolean, perturb: Perturb, random: PythonRandom): Instance {
  const change = (reference: Reference): Reference => ({ ...reference, text: perturb(reference.text, random) });
  const references = withReferences ? instance.references.map(change) : instance.references;
  return { ...instance, references, input: perturb(instance.input, random), perturbation: of };
}

function given<T>(list: T | undefined): T {
  if (list === undefined) throw new TypeError('a perturbation was asked for without the word list that it needs');
  return list;
}
