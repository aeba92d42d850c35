/**
 * Splits the arguments of a Dockerfile instruction as the builder does: at white space, with quotes and the escape character
 * kept in the words, since expansion needs them (moby `parseWords`).
 */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] as string;
    if (character === escape && quote !== "'" && index + 1 < text.length) {
      word += character + text[(index += 1)];
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      if (quote === character) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
  }
  return word === '' ? words : [...words, word];
}

export interface Expansion {
  value: string;
  /** Names that have no value here; they stand in `value` as `${NAME}`. */
  unresolved: string[];
}

export type Lookup = (name: string) => string | undefined;

/** Longest value of a variable: `ENV A=$A$A` doubles with each line. What is longer has no known value. */
export const longestValue = 16_384;
/** Deepest `${A:-${B:-…}}` that is followed. */
const maximumDepth = 20;

/** Replaces `$X`, `${X}`, `${X:-default}`, `${X:+other}` and takes the quotes away, as the builder does outside of RUN. */
export function expandWord(word: string, lookup: Lookup, escape = '\\', depth = 0): Expansion {
  const unresolved: string[] = [];
  let value = '';
  let quote = '';
  let index = 0;
  while (index < word.length) {
    const character = word[index] as string;
    if (character === escape && quote !== "'" && index + 1 < word.length) {
      value += word[index + 1];
      index += 2;
    } else if (character === quote) {
      quote = '';
      index += 1;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      index += 1;
    } else if (character === '$' && quote !== "'") {
      const reference = readReference(word, index);
      value += reference.name === undefined ? reference.text : valueOf(reference.name, reference, lookup, unresolved, depth);
      if (value.length > longestValue) return { value: word.slice(0, longestValue), unresolved: [...unresolved, reference.name ?? '$'] };
      index += reference.text.length;
    } else {
      value += character;
      index += 1;
    }
  }
  return { value, unresolved };
}

/**
 * A here-document with its variables put in, as BuildKit reads it: quotes stay, a backslash takes itself away before any character, and
 * what only a shell knows (`$1`, `$@`) is empty.
 */
export function expandDocument(text: string, lookup: Lookup): Expansion {
  const lines = text.match(/(?:\\[^]|[^\\\n])*(?:\n|\\?$)/g) ?? [];
  const expanded = lines.map((line) => expandWord(line.replaceAll(/\\[^]|["']|\$(?:\d+|[@*#?$!-])/g, rawOf), lookup));
  return { value: expanded.map(({ value }) => value).join(''), unresolved: [...new Set(expanded.flatMap(({ unresolved }) => unresolved))] };
}

function rawOf(special: string): string {
  if (special.startsWith('\\')) return special;
  return special.startsWith('$') ? '' : `\\${special}`;
}

interface Reference {
  text: string;
  name?: string;
  operator?: string;
  operand?: string;
}

function readReference(word: string, start: number): Reference {
  const plain = /^\$([A-Za-z_]\w*)/.exec(word.slice(start, start + 256));
  if (plain) return { text: plain[0], name: plain[1] as string };
  if (word[start + 1] !== '{') return { text: '$' };
  const end = closingBrace(word, start + 1);
  if (end < 0) return { text: '$' };
  const inner = /^([A-Za-z_]\w*)(?:(:?[-+?])([^]*))?$/.exec(word.slice(start + 2, end));
  const text = word.slice(start, end + 1);
  if (!inner) return { text };
  const [, name, operator, operand] = inner;
  return { text, name: name as string, ...(operator === undefined ? {} : { operator, operand: operand ?? '' }) };
}

function closingBrace(word: string, open: number): number {
  let depth = 0;
  for (let index = open; index < word.length; index += 1) {
    if (word[index] === '{') depth += 1;
    if (word[index] === '}' && (depth -= 1) === 0) return index;
  }
  return -1;
}

function valueOf(name: string, reference: Reference, lookup: Lookup, unresolved: string[], depth: number): string {
  const value = lookup(name);
  const present = value !== undefined && (value !== '' || !reference.operator?.startsWith(':'));
  const operand = (): string => {
    if (depth >= maximumDepth) return '';
    const expanded = expandWord(reference.operand ?? '', lookup, '\\', depth + 1);
    unresolved.push(...expanded.unresolved);
    return expanded.value;
  };
  if (reference.operator?.endsWith('-')) return present ? value : operand();
  if (reference.operator?.endsWith('+')) return present ? operand() : '';
  if (value !== undefined) return value;
  unresolved.push(name);
  return `\${${name}}`;
}
