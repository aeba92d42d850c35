/** Where a value stands: ['models', 2, 'values', 'acc']. */
export type JsonPath = readonly (string | number)[];

export interface LocatedJson {
  value: unknown;
  /** The line, counted from 1, on which the value at this path begins; of the nearest value around it where there is none. */
  lineOf(path: JsonPath): number;
  /** Keys that an object has twice; JSON.parse would silently keep the last. */
  duplicateKeys: { path: JsonPath; line: number }[];
}

/**
 * Reads JSON and remembers lines. NaN, Infinity and -Infinity, which Python writes, are read as such, so that the caller can name
 * their place. Throws a SyntaxError naming the line where the text is no JSON.
 */
export function parseLocated(text: string): LocatedJson {
  const reader = createReader(text);
  const value = readValue(reader, []);
  if (reader.next() !== undefined) throw reader.unexpected('something after the end');
  return {
    value,
    duplicateKeys: reader.duplicateKeys,
    lineOf: (path) => {
      for (let length = path.length; length > 0; length -= 1) {
        const line = reader.lines.get(key(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
}

/** `models[2].values["a b"]`: a path as people write it. */
export function showPath(path: JsonPath): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return /^[A-Za-z_][\w-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  });
  return parts.join('').replace(/^\./, '') || 'the document';
}

interface Reader {
  /** The next token, left where it is; undefined at the end. */
  next(): string | undefined;
  take(): string;
  line(): number;
  unexpected(what: string): SyntaxError;
  lines: Map<string, number>;
  duplicateKeys: { path: JsonPath; line: number }[];
}

/** Deeper nesting than this is no results file, and would end in a stack overflow. */
const depthLimit = 500;
const tokenPattern = /[ \t\r\n]*("(?:[^"\\\n]|\\.)*"|-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN|true|false|null|[{}[\],:])/y;
const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function createReader(text: string): Reader {
  let position = 0;
  let countedTo = 0;
  let lines = 1;
  let end = 0;
  const line = (): number => {
    for (; countedTo < end; countedTo += 1) if (text[countedTo] === '\n') lines += 1;
    return lines;
  };
  const unexpected = (what: string): SyntaxError => new SyntaxError(`line ${line()}: ${what}, which is no JSON`);
  const next = (): string | undefined => {
    tokenPattern.lastIndex = position;
    const token = tokenPattern.exec(text)?.[1];
    end = token === undefined ? position + (/^\s*/.exec(text.slice(position))?.[0].length ?? 0) : tokenPattern.lastIndex - token.length;
    if (token === undefined && end < text.length) throw unexpected(`there is ${JSON.stringify(text.slice(end, end + 20))}`);
    return token;
  };
  const take = (): string => {
    const token = next();
    if (token === undefined) throw unexpected('the text ends too early');
    line();
    position = end + token.length;
    return token;
  };
  return { next, take, line, unexpected, lines: new Map(), duplicateKeys: [] };
}

function readValue(reader: Reader, path: (string | number)[]): unknown {
  if (path.length > depthLimit) throw reader.unexpected(`there are more than ${depthLimit} levels`);
  const token = reader.take();
  const isNumber = /^-?\d/.test(token);
  // Long lists of numbers are what results consist of; the line of the list is near enough.
  if (!isNumber || typeof path.at(-1) === 'string') reader.lines.set(key(path), reader.line());
  if (isNumber) return Number(token);
  if (token === '{') return readObject(reader, path);
  if (token === '[') return readArray(reader, path);
  if (token.startsWith('"')) return readString(reader, token);
  if (!constants.has(token)) throw reader.unexpected(`there is ${JSON.stringify(token)}`);
  return constants.get(token);
}

function readObject(reader: Reader, path: (string | number)[]): Record<string, unknown> {
  const result = new Map<string, unknown>();
  while (reader.next() !== '}') {
    if (result.size > 0) expectToken(reader, ',');
    const name = readString(reader, reader.take());
    if (result.has(name)) reader.duplicateKeys.push({ path: [...path, name], line: reader.line() });
    expectToken(reader, ':');
    result.set(name, readAt(reader, path, name));
  }
  reader.take();
  return Object.fromEntries(result);
}

function readArray(reader: Reader, path: (string | number)[]): unknown[] {
  const result: unknown[] = [];
  while (reader.next() !== ']') {
    if (result.length > 0) expectToken(reader, ',');
    result.push(readAt(reader, path, result.length));
  }
  reader.take();
  return result;
}

function readAt(reader: Reader, path: (string | number)[], part: string | number): unknown {
  path.push(part);
  const value = readValue(reader, path);
  path.pop();
  return value;
}

function readString(reader: Reader, token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw reader.unexpected(`there is ${JSON.stringify(token)} where a string should be`);
  }
}

function expectToken(reader: Reader, expected: string): void {
  const token = reader.take();
  if (token !== expected) throw reader.unexpected(`there is ${JSON.stringify(token)} where "${expected}" should be`);
}

function key(path: JsonPath): string {
  return JSON.stringify(path);
}
