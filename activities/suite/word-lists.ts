import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type ChosenPerturbation, listNeededBy, type PerturbationName, perturbationSets, type WordList, type WordLists } from '../../domain/adaptation/index.ts';
import { firstNameSubstitution, parsePersonNames } from '../../domain/adaptation/perturbations/person-names.ts';
import { invalid } from '../intake/suite-lines.ts';
import type { ScenarioDefinition, SuiteDefinition } from './definition.ts';
import { checkedHash } from './rows.ts';

const Words = z.record(z.string(), z.array(z.string()).min(1));

/** HELM's own are not bundled: two it fetches itself, and keeps below benchmark_output/ once a run has used them. */
const whereFrom: Readonly<Record<WordList, string>> = {
  misspellings: 'helm/benchmark/augmentations/correct_to_misspelling.json of an installed crfm-helm',
  dialect: 'perturbations/dialect/SAE_to_AAVE_mapping.json of HELM’s benchmark_output',
  names: 'perturbations/person_name/person_names.txt of HELM’s benchmark_output',
};

/** The perturbations of a scenario, with the sets spelt out; of a name that stands there twice the first. */
export function perturbationsOf({ perturbations }: ScenarioDefinition): ChosenPerturbation[] {
  const chosen = perturbations.flatMap((each): ChosenPerturbation[] => {
    if (typeof each !== 'string') return [each];
    return each === 'robustness' || each === 'fairness' ? perturbationSets[each].map((name) => ({ name })) : [{ name: each }];
  });
  return chosen.filter(({ name }, index) => chosen.findIndex((each) => each.name === name) === index);
}

/** The word lists that a definition's perturbations need. Failures: SUITE_INVALID where one is not given, or is no such list. */
export async function readWordLists({ lists, scenarios }: SuiteDefinition, directory: string): Promise<WordLists> {
  const needed = new Map<WordList, PerturbationName>();
  for (const { name } of scenarios.flatMap(perturbationsOf)) {
    const list = listNeededBy(name);
    if (list !== undefined && !needed.has(list)) needed.set(list, name);
  }
  const read: WordLists = {};
  for (const [list, perturbation] of needed) {
    const source = lists[list];
    if (!source) throw invalid('the definition', `the perturbation ${perturbation} needs a word list; write "lists: { ${list}: { path: FILE } }", where FILE is ${whereFrom[list]} or one of that form`);
    const path = resolve(directory, source.path);
    await checkedHash({ path, name: source.path, sha256: source.sha256 });
    const text = await readFile(path, 'utf8');
    if (list === 'names') read.names = firstNameSubstitution(parsePersonNames(text));
    else read[list] = new Map(Object.entries(wordsOf(text, source.path)));
    if (list === 'names' && (read.names?.from.length === 0 || read.names?.to.length === 0)) throw invalid(source.path, 'has no first names of both groups');
  }
  return read;
}

function wordsOf(text: string, name: string): Record<string, string[]> {
  try {
    return Words.parse(JSON.parse(text));
  } catch {
    throw invalid(name, 'is no JSON object of lists of words');
  }
}
