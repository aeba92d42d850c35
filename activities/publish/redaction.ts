import { acceptanceOf, limits, type Acceptance, type Replacement } from '../../domain/index.ts';
import { matchesIn } from '../scan/bytes.ts';
import { formatOf, headBytes } from '../scan/formats.ts';
import { createKnownFinder, type FindKnown } from '../scan/known.ts';
import type { Match } from '../scan/matcher.ts';

/** One secret that was replaced; `line` and `offset` are of the original. */
export type Redacted = Omit<Replacement, 'path' | 'commits' | 'what'>;

export interface Redaction {
  bytes: Buffer;
  redacted: Redacted[];
}

/** Replaces secrets in a text by their markers; undefined where there are none. */
export type Redact = (text: Buffer) => Promise<Redaction | undefined>;

/** What stands in place of a secret: the same value has the same marker everywhere, and without the installation's key nobody can tell which. */
export function markerOf(fingerprint: string): string {
  // Letters, digits and a hyphen: an address, a name of a branch and a string stay what they are.
  return `redacted-${fingerprint.slice(0, 16)}`;
}

/** A mask uncovers what was hidden behind it (two keys in a row), so that it is looked at again. */
const rounds = 3;

export function createRedact(
  values: readonly string[],
  { fingerprintOf, accept }: { fingerprintOf: (value: string) => string; accept: readonly Acceptance[] },
): { redact: Redact; known: FindKnown } {
  const known = createKnownFinder(values);
  const find = async (bytes: Buffer): Promise<Match[]> => {
    const matches = [...(await matchesIn({ bytes, from: 0, to: bytes.length }, false)), ...known(bytes, 0, bytes.length)];
    return disjoint(matches.filter(({ severity, value }) => severity !== 'note' && !acceptanceOf(fingerprintOf(value), accept)));
  };
  const redact: Redact = async (text) => {
    let redaction: Redaction = { bytes: text, redacted: [] };
    for (let round = 0; round < rounds; round += 1) {
      const matches = await find(redaction.bytes);
      if (matches.length === 0) break;
      const { bytes, redacted } = masked(redaction.bytes, matches, fingerprintOf);
      // Places in a text that was masked already are not places of the original.
      redaction = { bytes, redacted: [...redaction.redacted, ...(round === 0 ? redacted : redacted.map(withoutPlace))] };
    }
    return redaction.redacted.length > 0 ? redaction : undefined;
  };
  return { redact, known };
}

/** Whether bytes are text that may be changed: no archive, no tensors, no control characters but those of texts and terminals. */
export function isPatchable(bytes: Buffer, name: string): boolean {
  if (bytes.length > limits.publishTextBytes) return false;
  const format = formatOf(bytes.subarray(0, headBytes), name);
  return (format === 'bytes' || format === 'notebook') && !bytes.some((byte) => byte < 0x20 && !textControls.has(byte));
}

/** Tab, newline, vertical tab, form feed, carriage return, backspace, DOS end of file, escape. */
const textControls = new Set([9, 10, 11, 12, 13, 8, 0x1a, 0x1b]);

/** What overlaps is one span, so that no end of a value stays; the longer value names it. */
function disjoint(matches: readonly Match[]): Match[] {
  const spans: Match[] = [];
  for (const match of [...matches].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = spans.at(-1);
    if (!last || match.start >= last.end) spans.push({ ...match });
    else if (match.rule !== 'known-value' && last.rule === 'known-value' && match.end - match.start >= last.end - last.start) spans[spans.length - 1] = { ...match };
    else last.end = Math.max(last.end, match.end);
  }
  return spans;
}

function masked(bytes: Buffer, matches: readonly Match[], fingerprintOf: (value: string) => string): Redaction {
  const parts: Buffer[] = [];
  const redacted: Redacted[] = [];
  let from = 0;
  let line = 1;
  for (const { start, end, rule, kind, value } of matches) {
    const fingerprint = fingerprintOf(value);
    const marker = markerOf(fingerprint);
    const before = bytes.subarray(from, start);
    line += newlines(before);
    redacted.push({ rule, kind, line, offset: start, fingerprint, marker });
    parts.push(before, Buffer.from(marker));
    line += newlines(bytes.subarray(start, end));
    from = end;
  }
  return { bytes: Buffer.concat([...parts, bytes.subarray(from)]), redacted };
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count += 1;
  return count;
}

function withoutPlace({ line: _line, offset: _offset, ...rest }: Redacted): Redacted {
  return rest;
}
