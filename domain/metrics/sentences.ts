import { trimEnd } from './python-text.ts';

/**
 * Sentences as NLTK's Punkt tokenizer finds them (nltk/tokenize/punkt.py; Kiss and Strunk 2006), without its list of English
 * abbreviations: every token that ends in one full stop ends a sentence. For text in lower case this differs from Punkt only in
 * what follows an abbreviation, an initial or a number; whether "mr." keeps its full stop is of no consequence for the words that
 * the bias metrics count (bias-words.ts), none of which is one.
 */
export function sentences(text: string): string[] {
  const found: string[] = [];
  const slices = slicesOf(text);
  let realigned = 0;
  slices.forEach(([start, stop], index) => {
    const from = start + realigned;
    const next = slices[index + 1];
    closingPunctuation.lastIndex = 0;
    const closing = next && closingPunctuation.exec(text.slice(next[0], next[1]))?.[0];
    realigned = closing?.length ?? 0;
    const to = next && closing !== undefined ? next[0] + trimEnd(closing).length : stop;
    if (to > from) found.push(text.slice(from, to));
  });
  return found;
}

/*
 * Since NLTK 3.10 its patterns run in the engine `regex`, whose white space and word characters are Unicode's: unlike Python's own
 * they leave \x1c to \x1f out, and count marks and joiners to words.
 */
export const regexSpace = '\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
export const regexWord = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';

const nonWord = '[)";}\\]*:@\'({\\[\u2018\u2019\u201c\u201d\u00ab\u00bb?!]';
const several = `(?:-{2,}|\\.{2,}|(?:\\.[${regexSpace}]){2,}\\.)`;
const space = `[${regexSpace}]`;
const notSpace = `[^${regexSpace}]`;
const wordStart = '(?=[^("`{\\[:;&#*@)}\\]\\-,])';
const wordEnd = `(?=${space}|$|${nonWord}|${several}|,(?=$|${space}|${nonWord}|${several}))`;
const token = new RegExp(`${several}|${wordStart}${notSpace}+?${wordEnd}|${notSpace}`, 'gu');
const candidate = new RegExp(`[.?!](?=(${nonWord}|${space}+(${notSpace}+)))`, 'gu');
/** Quotes and brackets that belong to the sentence before them. */
const closingPunctuation = new RegExp(`["')\\]}\u2018\u2019\u201c\u201d\u00ab\u00bb]+?(?:${space}+|(?=--)|$)`, 'muy');
/** What Python's string.whitespace holds, which is less than what str.isspace accepts. */
const asciiSpace = /[ \t\n\r\v\f]/g;

type Slice = [start: number, stop: number];

function slicesOf(text: string): Slice[] {
  const slices: Slice[] = [];
  let start = 0;
  for (const { at, after, next, context } of contexts(text)) {
    if (!endsSentence(context)) continue;
    slices.push([start, at + 1]);
    start = next === undefined ? at + 1 : at + 1 + after.length - next.length;
  }
  slices.push([start, trimEnd(text).length]);
  return slices;
}

interface Context {
  at: number;
  after: string;
  next: string | undefined;
  /** The word before, the mark and what follows. */
  context: string;
}

/** Marks that may end a sentence; of several in one word only the last. */
function contexts(text: string): Context[] {
  const found: Context[] = [];
  let word: Slice = [0, 0];
  let last: Context | undefined;
  for (const match of text.matchAll(candidate)) {
    const spaceAt = lastSpace(text.slice(word[1], match.index));
    const nextWord: Slice = [spaceAt > 0 ? word[1] + spaceAt + 1 : word[0], match.index];
    if (last && word[1] <= nextWord[0]) found.push(last);
    word = nextWord;
    const [mark, after = '', next] = match;
    last = { at: match.index, after, next, context: text.slice(...word) + mark + after };
  }
  return last ? [...found, last] : found;
}

function lastSpace(text: string): number {
  return [...text.matchAll(asciiSpace)].at(-1)?.index ?? 0;
}

/** Whether a token that ends a sentence is followed by another one. */
function endsSentence(context: string): boolean {
  const tokens = context.split('\n').flatMap((line) => line.match(token) ?? []);
  return tokens.slice(0, -1).some((each) => /^[.?!]$/.test(each) || (each.endsWith('.') && !each.endsWith('..')));
}
