import { StringDecoder } from 'node:string_decoder';

/** A package of a channel is at most this large in its index; the largest known have 100 KiB of dependencies. */
const entryCharacters = 4 * 1024 * 1024;

/**
 * The index of a conda channel (repodata.json) with the packages alone that were made before an instant. What has no time is left
 * out: nobody knows whether it was there. Never more than one package in memory: indexes have hundreds of MiB. Throws where the text
 * is none of that shape, or ends early.
 */
export async function* repodataBefore(body: AsyncIterable<Buffer>, before: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const filter = createFilter(Date.parse(before));
  for await (const chunk of body) {
    const kept = filter.take(decoder.write(chunk));
    if (kept !== '') yield kept;
  }
  yield filter.take(decoder.end());
  filter.end();
}

const sections = new Set(['packages', 'packages.conda']);

/** What decides where a text of JSON stands. */
const structural = /["\\{}[\]]/g;

interface Filter {
  take(text: string): string;
  end(): void;
}

function createFilter(limit: number): Filter {
  let depth = 0;
  let isString = false;
  let isEscaped = false;
  let topLevelKey = '';
  let section: string | undefined;
  let entry = '';
  let keptOne = false;
  /** Goes through a chunk once; what lies between two structural characters is taken as a whole. */
  const take = (text: string): string => {
    let out = '';
    let from = 0;
    const collect = (to: number): void => {
      const piece = text.slice(from, to);
      from = to;
      if (section !== undefined) entry += piece;
      else out += piece;
      if (depth === 1) topLevelKey += piece;
      if (entry.length > entryCharacters) throw new Error('a package of the index is too large');
    };
    structural.lastIndex = isEscaped && text !== '' ? 1 : 0;
    isEscaped &&= text === '';
    for (let match = structural.exec(text); match; match = structural.exec(text)) {
      const { index: at, 0: character } = match;
      if (isString) {
        if (character === '"') isString = false;
        if (character !== '\\') continue;
        isEscaped = at + 1 === text.length;
        structural.lastIndex = at + 2;
      } else if (character === '"') isString = true;
      else if (character === '{' || character === '[') {
        collect(at + 1);
        depth += 1;
        if (depth === 2 && sections.has(lastKeyOf(topLevelKey))) [section, entry, keptOne] = [lastKeyOf(topLevelKey), '', false];
        if (depth === 2) topLevelKey = '';
      } else if (character === '}' || character === ']') {
        if (depth === 2 && section !== undefined) {
          from = at;
          section = undefined;
        }
        collect(at + 1);
        depth -= 1;
        if (depth === 2 && section !== undefined) {
          const kept = keptEntry(entry, limit);
          out += kept === undefined ? '' : `${keptOne ? ',' : ''}${kept}`;
          keptOne ||= kept !== undefined;
          entry = '';
        }
      }
    }
    collect(text.length);
    return out;
  };
  return {
    take,
    end() {
      if (depth !== 0 || isString) throw new Error('the index of the channel ends early');
    },
  };
}

/** `…,"packages": {` -> packages */
function lastKeyOf(text: string): string {
  return /"([^"\\]*)"\s*:\s*\{$/.exec(text)?.[1] ?? '';
}

function keptEntry(text: string, limit: number): string | undefined {
  const entry = text.replace(/^[\s,]+/, '');
  const [described] = Object.values(JSON.parse(`{${entry}}`) as Record<string, { timestamp?: unknown }>);
  const timestamp = described?.timestamp;
  // Channels write milliseconds; early ones wrote seconds (conda.models.records: beyond the year 9999 it is milliseconds).
  const madeAt = typeof timestamp === 'number' ? (timestamp > 253_402_300_799 ? timestamp : timestamp * 1_000) : undefined;
  return madeAt !== undefined && madeAt < limit ? entry : undefined;
}
