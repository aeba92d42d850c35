import { Transform } from 'node:stream';
import type { FindingSeverity } from '../../domain/index.ts';
import { matchWindow, type Match } from './matcher.ts';
import { marker } from './redact-text.ts';
import { createValueSearch, type NamedValue } from './values.ts';

export interface RedactOptions {
  /** Secrets that the operator handed in; found in all their encodings and marked by name. */
  values: readonly NamedValue[];
  /** Whether whatever the rules know is masked too; yes unless given. */
  rules?: boolean;
}

/** Of a line that comes in parts. `continues`: the rest comes with a later part of the same stream (1 is stdout, 2 stderr). */
export interface LinePart {
  continues: boolean;
  stream: number;
}

export type Redactor = ((line: string, part?: LinePart) => string) & {
  /** What is still held back, where a log ends in the middle of a line. */
  rest(): string;
};

/**
 * Masks the lines of one log, given in order: `[redacted:HF_TOKEN]` for the operator's values, `[redacted:<rule>]` for what the
 * rules find. It remembers the line before, and whether a private key is open, since a secret may need both to be told; of a
 * line that goes on it holds back the end, which may be the beginning of a secret.
 */
export function createRedactor(options: RedactOptions): Redactor {
  const find = createFinder(options);
  const heldBytes = Math.max(contextCharacters, ...options.values.map(({ value }) => heldBackOf(value)));
  const held = new Map<number, Buffer>();
  let previous = Buffer.alloc(0);
  let keyLines = 0;
  const redact = (line: string, { continues, stream }: LinePart = wholeLine): string => {
    if (keyLines > 0) {
      keyLines = /-----END/.test(line) ? 0 : keyLines - 1;
      previous = Buffer.alloc(0);
      return marker('private-key');
    }
    if (opensKey(line)) keyLines = mostKeyLines;
    const bytes = Buffer.concat([previous, held.get(stream) ?? Buffer.alloc(0), Buffer.from(line, 'utf8')]);
    const spans = find(bytes);
    const cut = continues ? cutBefore(bytes, bytes.length - heldBytes, previous.length, spans) : bytes.length;
    const masked = mask(bytes, previous.length, cut, spans);
    held.set(stream, bytes.subarray(cut));
    previous = Buffer.concat([bytes.subarray(Math.max(0, cut - contextCharacters), cut), Buffer.from(continues ? '' : '\n')]);
    return masked.toString('utf8');
  };
  const rest = (): string => [...held.keys()].map((stream) => redact('', { continues: false, stream })).filter((text) => text !== '').join(' ');
  return Object.assign(redact, { rest });
}

/** A text as a whole (a message, an answer), with what the rules know from the given severities on; see createRedactor. */
export function createMasker({ severities = ['block', 'warn'], ...options }: RedactOptions & { severities?: FindingSeverity[] }): (text: string) => string {
  const find = createFinder(options, severities);
  return (text) => {
    if (text.length < shortestMasked) return text;
    const bytes = Buffer.from(text, 'utf8');
    const spans = find(bytes);
    return spans.length === 0 ? text : mask(bytes, 0, bytes.length, spans).toString('utf8');
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

/** bytes with each match replaced by its marker. */
export function maskMatches(bytes: Buffer, matches: readonly Match[]): Buffer {
  return mask(bytes, 0, bytes.length, disjoint(matches.map(({ start, end, rule, name = rule }) => ({ start, end, name }))));
}

interface Span {
  start: number;
  end: number;
  name: string;
}

const wholeLine: LinePart = { continues: false, stream: 1 };
/** Contextual rules look back no further. */
const contextCharacters = 1_024;
/** Longer lines are cut; no token is as long as what stays held back then. */
const mostHeldBytes = 64 * 1024;
const heldBackBytes = 16 * 1024;
/** A key of 16,384 bits has 200 lines; after more, a log goes on in clear. */
const mostKeyLines = 220;
/** No token and no value is shorter. */
const shortestMasked = 6;

function createFinder({ values, rules = true }: RedactOptions, severities: readonly FindingSeverity[] = ['block', 'warn']): (bytes: Buffer) => Span[] {
  const exact = createValueSearch(values);
  return (bytes) => {
    const spans: Span[] = exact.find(bytes).map(({ start, end, name }) => ({ start, end, name }));
    if (rules) {
      for (const { start, end, rule, severity } of matchWindow(bytes, 0, bytes.length, false).matches) {
        if (severities.includes(severity)) spans.push({ start, end, name: rule });
      }
    }
    return disjoint(spans);
  };
}

/** As many bytes as the longest form of a value takes, UTF-16 included. */
function heldBackOf(value: string): number {
  return createValueSearch([{ name: '', value }]).longest;
}

/** Before `wanted`, never inside a span or a character, and never before `from`. */
function cutBefore(bytes: Buffer, wanted: number, from: number, spans: Span[]): number {
  let cut = wanted;
  const crossing = spans.find(({ start, end }) => start < cut && cut < end);
  if (crossing) cut = crossing.start;
  while (cut > from && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  return Math.max(from, cut);
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
