import { z } from 'zod';
import { Answer, canonicalJson } from '../../domain/index.ts';
import { failure } from '../failure.ts';

const SegmentHeader = z.object({
  schema: z.literal('reprise.answers-segment/v1'),
  /** Hash of what was asked and of whom. */
  inputs: z.string(),
  /** The stage's absolute deadline. */
  deadline: z.iso.datetime(),
});

/** One stored piece of an answer journal: a header line, then one line an answer. */
export interface Segment {
  inputs: string;
  deadline: Date;
  answers: Answer[];
}

export function formatSegment({ inputs, deadline, answers }: Segment): Uint8Array {
  const header = { schema: 'reprise.answers-segment/v1', inputs, deadline: deadline.toISOString() };
  return Buffer.from([header, ...answers].map((line) => `${canonicalJson(line)}\n`).join(''));
}

/** Failures: STORE_CORRUPT with the key, and never with the text of a line. */
export function parseSegment(key: string, bytes: Uint8Array): Segment {
  const [header, ...lines] = Buffer.from(bytes).toString('utf8').trimEnd().split('\n');
  try {
    const { inputs, deadline } = SegmentHeader.parse(JSON.parse(header ?? ''));
    return { inputs, deadline: new Date(deadline), answers: lines.map((line) => Answer.parse(JSON.parse(line))) };
  } catch {
    // Without the cause: a parser's message quotes the text, which may be an answer of the closed stage.
    throw failure('STORE_CORRUPT', `the answer journal ${key} does not parse`);
  }
}
