type Shown = (text: string) => string;

/**
 * JSON with an indent of two, as JSON.stringify gives it, in pieces: an iterable that is no array stands as the list of what it gives,
 * of which one value at a time is in memory. `shown` changes every text.
 */
export function* jsonText(value: unknown, shown: Shown, indent = ''): Generator<string> {
  if (!holdsList(value)) return yield plain(value, shown).replaceAll('\n', `\n${indent}`);
  const isList = Symbol.iterator in value;
  const entries = isList ? unnamed(value as Iterable<unknown>) : Object.entries(value).filter(([, each]) => each !== undefined);
  const inner = `${indent}  `;
  let before = '\n';
  yield isList ? '[' : '{';
  for (const [name, each] of entries) {
    yield `${before}${inner}${name === undefined ? '' : `${JSON.stringify(name)}: `}`;
    yield* jsonText(each, shown, inner);
    before = ',\n';
  }
  yield `${before === '\n' ? '' : `\n${indent}`}${isList ? ']' : '}'}`;
}

/** Whether a list that is no array stands in a value. */
function holdsList(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return (Symbol.iterator in value && !Array.isArray(value)) || Object.values(value).some(holdsList);
}

function* unnamed(values: Iterable<unknown>): Generator<[undefined, unknown]> {
  for (const value of values) yield [undefined, value];
}

function plain(value: unknown, shown: Shown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'string' ? shown(each) : each), 2);
}
