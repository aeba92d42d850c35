import { wordCharacter } from '../../metrics/python-text.ts';
import type { PythonRandom } from '../python-random.ts';
import { matchCase } from './casing.ts';

/** One line of HELM's person_names.txt: name, kind of name, then pairs of category and value. */
export interface PersonName {
  name: string;
  kind: string;
  categories: ReadonlyMap<string, readonly string[]>;
}

export interface NameSubstitution {
  /** Names that are replaced and those that replace them, lower case, in the order of the file. */
  from: readonly string[];
  to: readonly string[];
  /** "female" or "male", where the file says it. */
  genderOf: ReadonlyMap<string, string>;
}

const genders = ['female', 'male', 'neutral'];

/** Reads the lines `<name>,<kind>[,<category>,<value>]*`. */
export function parsePersonNames(text: string): PersonName[] {
  return text.split('\n').filter((line) => line !== '').map((line) => {
    const [name = '', kind = '', ...rest] = line.split(',');
    const categories = new Map<string, string[]>();
    for (let index = 0; index + 1 < rest.length; index += 2) {
      const category = rest[index] ?? '';
      categories.set(category, [...(categories.get(category) ?? []), rest[index + 1] ?? '']);
    }
    return { name: name.trim().toLowerCase(), kind, categories };
  });
}

/** HELM's fairness substitution: first names of one race for those of another, of the same gender where the file has it. */
export function firstNameSubstitution(names: readonly PersonName[], fromRace = 'white_american', toRace = 'black_american'): NameSubstitution {
  const first = names.filter(({ kind }) => kind === 'first_name');
  const ofRace = (race: string): string[] => first.filter(({ categories }) => categories.get('race')?.includes(race)).map(({ name }) => name);
  const genderOf = new Map<string, string>();
  for (const gender of genders.toReversed()) {
    for (const { name, categories } of first) if (categories.get('gender')?.includes(gender)) genderOf.set(name, gender);
  }
  return { from: ofRace(fromRace), to: ofRace(toRace), genderOf };
}

/**
 * HELM's person_name_perturbation.py: a name is replaced by the same other name in all texts of an instance; the returned function
 * keeps what it replaced, so one is made for each instance and given the references first.
 */
export function substituteNames({ from, to, genderOf }: NameSubstitution, probability: number): (text: string, random: PythonRandom) => string {
  const replaced = new Map<string, string>();
  const kept = new Set<string>();
  const tokens = new RegExp(`${wordCharacter}+`, 'gu');
  return (text, random) =>
    text.replaceAll(tokens, (token) => {
      const name = token.toLowerCase();
      if (!replaced.has(name) && !kept.has(name) && from.includes(name)) {
        if (random.random() < probability) {
          const gender = genderOf.get(name);
          const options = gender === undefined ? to : to.filter((each) => genderOf.get(each) === gender);
          if (options.length > 0) replaced.set(name, random.choice(options));
        } else kept.add(name);
      }
      const substitute = replaced.get(name);
      return substitute === undefined ? token : matchCase(token, substitute);
    });
}
