import { createAutomaton } from './automaton.ts';
import { encodingsOf } from './encodings.ts';
import type { Match } from './matcher.ts';

/** Finds given values in bytes[from, to), whatever surrounds them. */
export type FindKnown = (bytes: Buffer, from: number, to: number) => Match[];

/** Enough of a form to look for: the rest is compared where it stands, so that a look-up table stays small. */
const lookedForCharacters = 10;

interface Form {
  value: string;
  narrow: Buffer;
  wide: Buffer;
}

/**
 * Looks for values in all their encodings: a rule may need a name beside a secret to tell it, and the same secret stands
 * elsewhere alone. Values are Latin-1 texts, as matches have them.
 */
export function createKnownFinder(values: readonly string[]): FindKnown {
  const forms = values.flatMap((value) => encodingsOf(Buffer.from(value, 'latin1').toString('utf8')).map((text) => formOf(value, text)));
  const automaton = createAutomaton(forms.map((form) => ({ text: form.narrow.toString('latin1', 0, lookedForCharacters), target: form })));
  return (bytes, from, to) => {
    const matches: Match[] = [];
    automaton.search(bytes, from, Math.min(bytes.length, to + 2 * lookedForCharacters), ({ value, narrow, wide }, start, isWide) => {
      const form = isWide ? wide : narrow;
      if (start < from || start >= to || !bytes.subarray(start, start + form.length).equals(form)) return;
      matches.push({ rule: 'known-value', kind: 'a secret that stands elsewhere too', severity: 'block', publicPrefix: 0, start, end: start + form.length, value });
    });
    return matches;
  };
}

function formOf(value: string, text: string): Form {
  return { value, narrow: Buffer.from(text, 'latin1'), wide: Buffer.from([...text].join('\0'), 'latin1') };
}
