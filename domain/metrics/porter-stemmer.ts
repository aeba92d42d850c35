/*
 * Porter's algorithm (Program 14.3, 1980) with the extensions that NLTK's PorterStemmer has by default (NLTK_EXTENSIONS). No npm
 * package gives the same stems: they follow Martin Porter's version ("dying" -> "dy", here "die"). Compared with NLTK's over
 * recorded words (test/fixtures/helm/stems.tsv).
 */

/** The stem of a word in lower case. */
export function stem(word: string): string {
  const irregular = irregularForms.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return [plural, participle, finalY, doubleSuffix, applyRules(step3), applyRules(step4), finalE, finalDoubleL].reduce(
    (rest, step) => step(rest),
    word,
  );
}

type Condition = (stem: string) => boolean;
/** Suffix, replacement, and what the stem without the suffix must fulfil. The first suffix that fits decides. */
type Rule = readonly [suffix: string, replacement: string, condition?: Condition];

const irregularForms = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

const step2: readonly Rule[] = [
  ...rules(positiveMeasure, 'ational ate, tional tion, enci ence, anci ance, izer ize, bli ble, alli al, entli ent, eli e'),
  ...rules(positiveMeasure, 'ousli ous, ization ize, ation ate, ator ate, alism al, iveness ive, fulness ful, ousness ous'),
  ...rules(positiveMeasure, 'aliti al, iviti ive, biliti ble, fulli ful'),
  // NLTK counts the l to the stem, so that "geology" goes the way of "archaeology".
  ['logi', 'log', (stem) => positiveMeasure(`${stem}l`)],
];
const step3 = rules(positiveMeasure, 'icate ic, ative, alize al, iciti ic, ical ic, ful, ness');
const step4: readonly Rule[] = [
  ...rules(measureAboveOne, 'al, ance, ence, er, ic, able, ible, ant, ement, ment, ent'),
  ['ion', '', (stem) => measureAboveOne(stem) && /[st]$/.test(stem)],
  ...rules(measureAboveOne, 'ou, ism, ate, iti, ous, ive, ize'),
];

/** Step 1a. NLTK: "dies" -> "die", but "flies" -> "fli". */
function plural(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return word.slice(0, -1);
  return applyRules([['sses', 'ss'], ['ies', 'i'], ['ss', 'ss'], ['s', '']])(word);
}

/** Step 1b. NLTK: "died" -> "die", but "spied" -> "spi". */
function participle(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return positiveMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  for (const suffix of ['ed', 'ing']) {
    const rest = word.slice(0, -suffix.length);
    if (word.endsWith(suffix) && hasVowel(rest)) return afterParticiple(rest);
  }
  return word;
}

function afterParticiple(rest: string): string {
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (endsWithDoubleConsonant(rest)) return /[lsz]$/.test(rest) ? rest : rest.slice(0, -1);
  return measure(rest) === 1 && endsConsonantVowelConsonant(rest) ? `${rest}e` : rest;
}

/** Step 1c. NLTK: only after a consonant that is not the whole stem: "happy" -> "happi", "enjoy" stays. */
function finalY(word: string): string {
  const rest = word.slice(0, -1);
  return word.endsWith('y') && rest.length > 1 && isConsonant(rest, rest.length - 1) ? `${rest}i` : word;
}

/** Step 2. NLTK: after "alli" -> "al" the step runs again. */
function doubleSuffix(word: string): string {
  if (word.endsWith('alli') && positiveMeasure(word.slice(0, -4))) return doubleSuffix(word.slice(0, -2));
  return applyRules(step2)(word);
}

/** Step 5a. */
function finalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const rest = word.slice(0, -1);
  const count = measure(rest);
  return count > 1 || (count === 1 && !endsConsonantVowelConsonant(rest)) ? rest : word;
}

/** Step 5b. */
function finalDoubleL(word: string): string {
  return word.endsWith('ll') && measureAboveOne(word.slice(0, -1)) ? word.slice(0, -1) : word;
}

function applyRules(list: readonly Rule[]): (word: string) => string {
  return (word) => {
    const rule = list.find(([suffix]) => word.endsWith(suffix));
    if (rule === undefined) return word;
    const [suffix, replacement, condition] = rule;
    const rest = word.slice(0, word.length - suffix.length);
    return condition === undefined || condition(rest) ? rest + replacement : word;
  };
}

function rules(condition: Condition, text: string): Rule[] {
  return text.split(', ').map((pair) => {
    const [suffix = '', replacement = ''] = pair.split(' ');
    return [suffix, replacement, condition];
  });
}

/** Consonant or not, letter by letter: a y is one exactly where the letter before it is none. Digits count as consonants. */
function consonants(word: string): boolean[] {
  const flags: boolean[] = [];
  for (const letter of word) flags.push(letter === 'y' ? flags.at(-1) !== true : !'aeiou'.includes(letter));
  return flags;
}

function isConsonant(word: string, index: number): boolean {
  return consonants(word)[index] === true;
}

/** Porter's m: how often a vowel is followed by a consonant. */
function measure(stem: string): number {
  const flags = consonants(stem);
  return flags.filter((isConsonant, index) => isConsonant && flags[index - 1] === false).length;
}

function positiveMeasure(stem: string): boolean {
  return measure(stem) > 0;
}

function measureAboveOne(stem: string): boolean {
  return measure(stem) > 1;
}

function hasVowel(stem: string): boolean {
  return consonants(stem).includes(false);
}

function endsWithDoubleConsonant(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && isConsonant(word, word.length - 1);
}

/** Porter's *o; NLTK adds words of two letters, vowel and consonant. */
function endsConsonantVowelConsonant(word: string): boolean {
  const [third, second, last] = consonants(word).slice(-3);
  if (word.length === 2) return third === false && second === true;
  return word.length > 2 && third === true && second === false && last === true && !/[wxy]$/.test(word);
}
