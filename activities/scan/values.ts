import { createAutomaton } from './automaton.ts';
import { encodingsOf } from './encodings.ts';
import type { Match } from './matcher.ts';
import type { Window } from './windows.ts';

/** A secret that the operator handed in. */
export interface NamedValue {
  name: string;
  value: string;
}

export interface FoundValue extends NamedValue {
  start: number;
  end: number;
}

/** Looks for the operator's values in bytes, in every encoding of encodings.ts. */
export interface ValueSearch {
  find(bytes: Uint8Array, from?: number, to?: number): FoundValue[];
  /** The name of a value that the stream holds, whatever its chunks are cut like; reads no further than that. */
  findIn(chunks: AsyncIterable<Uint8Array>): Promise<string | undefined>;
  /** Bytes of the longest form. */
  longest: number;
}

/** Name of the rule that stands for the operator's values in reports; its kind names the secret. */
const valueRule = 'given-secret';

/** As matches of the window that begin in its own part; the value is the plain one whatever encoding it stood in, and so its fingerprint. */
export function valueMatches(search: ValueSearch, { bytes, from, to }: Pick<Window, 'bytes' | 'from' | 'to'>): Match[] {
  const found = search.find(bytes, from, Math.min(bytes.length, to + search.longest)).filter(({ start }) => start < to);
  const distinct = [...new Map(found.toReversed().map((each) => [each.start, each])).values()].toSorted((a, b) => a.start - b.start);
  return distinct.map(({ name, value, start, end }) => ({ rule: valueRule, kind: `the secret ${name}`, severity: 'block', publicPrefix: 0, start, end, value: Buffer.from(value, 'utf8').toString('latin1'), name }));
}

interface Form {
  of: NamedValue;
  length: number;
}

export function createValueSearch(values: readonly NamedValue[]): ValueSearch {
  const needles = values.flatMap((of) => encodingsOf(of.value).map((text) => ({ text, target: { of, length: text.length } satisfies Form })));
  const longest = 2 * Math.max(0, ...needles.map(({ text }) => text.length));
  // Most runs have no secret: then nothing is looked at.
  const automaton = needles.length === 0 ? undefined : createAutomaton<Form>(needles);
  const find: ValueSearch['find'] = (bytes, from = 0, to = bytes.length) => {
    const found: FoundValue[] = [];
    automaton?.search(bytes, from, to, ({ of, length }, start, wide) => found.push({ ...of, start, end: start + (wide ? length * 2 - 1 : length) }));
    return found;
  };
  return {
    find,
    longest,
    async findIn(chunks) {
      let tail: Uint8Array = new Uint8Array();
      for await (const chunk of chunks) {
        const bytes = Buffer.concat([tail, chunk]);
        const [first] = find(bytes);
        if (first) return first.name;
        tail = bytes.subarray(Math.max(0, bytes.length - longest));
      }
      return undefined;
    },
  };
}
