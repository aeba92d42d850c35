import { words } from './python-text.ts';
import { regexSpace, regexWord, sentences } from './sentences.ts';

/**
 * The words of a text as nltk.word_tokenize splits them (NLTKWordTokenizer, nltk/tokenize/destructive.py, after Robert MacIntyre's
 * Penn Treebank tokenizer), sentence by sentence. Its splitting of "cannot", "gimme" and the like is left out: no word that the
 * bias metrics count comes from it.
 */
export function wordTokens(text: string): string[] {
  return sentences(text).flatMap((sentence) => words(endingQuotes(` ${punctuation(startingQuotes(sentence))} `)));
}

type Rewrite = readonly [pattern: RegExp, replacement: string];

const end = `[${regexSpace}]*$`;
const startingRules: readonly Rewrite[] = [
  [/([«“‘„]|`+)/gu, ' $1 '],
  [/^"/gu, '``'],
  [/(``)/gu, ' $1 '],
  [/([ ([{<])("|'{2})/gu, '$1 `` '],
  [new RegExp(`(?<!${regexWord})(')(?!(?:re|ve|ll|m|t|s|d|n)(?!${regexWord}))(?=${regexWord})`, 'giu'), '$1 '],
];
const punctuationRules: readonly Rewrite[] = [
  // The lookahead keeps the run of closing marks whole, so that a long run of spaces is not tried in every division.
  [new RegExp(`([^.])(\\.)(?=([\\])}>"'»”’ ]*))\\3${end}`, 'gu'), '$1 $2 $3 '],
  [/([:,])([^\p{Nd}])/gu, ' $1 $2'],
  [/([:,])$/gu, ' $1 '],
  [/\.{2,}/gu, ' $& '],
  [/[;@#$%&]/gu, ' $& '],
  [/[\u2012-\u2015]/gu, ' $& '],
  [new RegExp(`([^.])(\\.)([\\])}>"']*)${end}`, 'gu'), '$1 $2$3 '],
  [/[?!]/gu, ' $& '],
  [/([^'])' /gu, "$1 ' "],
  [/[*]/gu, ' $& '],
  [/[\][(){}<>]/gu, ' $& '],
  [/--/gu, ' -- '],
];
const endingRules: readonly Rewrite[] = [
  [/([»”’])/gu, ' $1 '],
  [/''/gu, " '' "],
  [/"/gu, " '' "],
  [new RegExp(`[${regexSpace}]+`, 'gu'), ' '],
  [/([^' ])('[sS]|'[mM]|'[dD]|') /gu, '$1 $2 '],
  [/([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /gu, '$1 $2 '],
];

function startingQuotes(text: string): string {
  return rewrite(text, startingRules);
}

function punctuation(text: string): string {
  return rewrite(text, punctuationRules);
}

function endingQuotes(text: string): string {
  return rewrite(text, endingRules);
}

function rewrite(text: string, rules: readonly Rewrite[]): string {
  return rules.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}
