import { Transform } from 'node:stream';
import { createAutomaton } from './automaton.ts';
import { encodingsOf } from './encodings.ts';
import { matchWindow } from './matcher.ts';
import { marker } from './redact-text.ts';

export interface RedactOptions {
  /** Secrets that the operator handed in; found in all their encodings and marked by name. */
  values: readonly { name: string; value: string }[];
  /** Whether whatever the rules know is masked too; yes unless given. */
  rules?: boolean;
}

/**
 * Masks the lines of one log, given in order: `[redacted:HF_TOKEN]` for the operator's values, `[redacted:<rule>]` for what the
 * rules find. It remembers the line before, and whether a private key is open, since a secret may need both to be told.
 */
export function createRedactor(options: RedactOptions): (line: string) => string {
  const find = createFinder(options);
  let previous = Buffer.alloc(0);
  let keyLines = 0;
  return (line) => {
    if (keyLines > 0) {
      keyLines = /-----END/.test(line) ? 0 : keyLines - 1;
      previous = Buffer.alloc(0);
      return marker('private-key');
    }
    if (opensKey(line)) keyLines = mostKeyLines;
    const bytes = Buffer.concat([previous, Buffer.from(`${line}`, 'utf8')]);
    const masked = mask(bytes, previous.length, bytes.length, find(bytes));
    previous = Buffer.from(`${line.slice(-contextCharacters)}\n`, 'utf8');
    return masked.toString('utf8');
  };
}

/**
 * Masks a stream of bytes as `createRedactor` masks lines, whatever the chunks are cut like: what may be the beginning of a
 * secret is held back until it is told apart. Lines come out as soon as they are whole.
 */
export function createRedactStream(options: RedactOptions): Transform {
  const find = createFinder(options);
  let held: Buffer = Buffer.alloc(0);
  /** Bytes at the beginning of `held` that are out already and only give context. */
  let context = 0;
  const release = (final: boolean): Buffer => {
    const spans = find(held);
    const cut = final ? held.length : cutOf(held, context, spans);
    const out = mask(held, context, cut, spans);
    const kept = Math.max(0, cut - contextCharacters);
    held = Buffer.from(held.subarray(kept));
    context = cut - kept;
    return out;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held = Buffer.concat([held, chunk]);
      done(null, chunk.includes(10) || chunk.includes(13) || held.length - context > mostHeldBytes ? release(false) : undefined);
    },
    flush(done) {
      done(null, release(true));
    },
  });
}

interface Span {
  start: number;
  end: number;
  name: string;
}

/** Contextual rules look back no further. */
const contextCharacters = 1_024;
/** Longer lines are cut; no token is as long as what stays held back then. */
const mostHeldBytes = 64 * 1024;
const heldBackBytes = 16 * 1024;
/** A key of 16,384 bits has 200 lines; after more, a log goes on in clear. */
const mostKeyLines = 220;

function createFinder({ values, rules = true }: RedactOptions): (bytes: Buffer) => Span[] {
  const needles = values.flatMap(({ name, value }) => encodingsOf(value).map((text) => ({ text, target: { name, length: text.length } })));
  const exact = createAutomaton(needles);
  return (bytes) => {
    const spans: Span[] = [];
    exact.search(bytes, 0, bytes.length, ({ name, length }, start, wide) => {
      spans.push({ start, end: start + (wide ? length * 2 - 1 : length), name });
    });
    if (rules) {
      for (const { start, end, rule, severity } of matchWindow(bytes, 0, bytes.length, false).matches) {
        if (severity !== 'note') spans.push({ start, end, name: rule });
      }
    }
    return disjoint(spans);
  };
}

/** The operator's names come first where spans begin at the same byte; what overlaps is one span. */
function disjoint(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

/** bytes[from, to) with every span replaced by its marker; a span that began before `from` is masked from there on. */
function mask(bytes: Buffer, from: number, to: number, spans: Span[]): Buffer {
  const parts: Buffer[] = [];
  let position = from;
  for (const { start, end, name } of spans) {
    if (end <= from || start >= to) continue;
    if (start > position) parts.push(bytes.subarray(position, start));
    parts.push(Buffer.from(marker(name)));
    position = Math.max(position, Math.min(end, to));
  }
  if (position < to) parts.push(bytes.subarray(position, to));
  return Buffer.concat(parts);
}

/** Up to where the held bytes can go out: the last whole line, before an open key, never inside a span. */
function cutOf(held: Buffer, context: number, spans: Span[]): number {
  const line = Math.max(held.lastIndexOf(10), held.lastIndexOf(13)) + 1;
  let cut = held.length - context > mostHeldBytes ? Math.max(line, held.length - heldBackBytes) : Math.max(line, context);
  const key = held.lastIndexOf('-----BEGIN ');
  if (key >= context && key < cut && !held.includes('-----END ', key) && held.length - key < mostHeldBytes) cut = key;
  const crossing = spans.find(({ start, end }) => start < cut && cut < end);
  return Math.max(context, crossing ? crossing.start : cut);
}

function opensKey(line: string): boolean {
  return /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY/.test(line) && !/-----END/.test(line);
}
