import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { limits, SubmissionManifest } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/** A submission's `reprise.yaml`, with the means to name a line of it. */
export interface ReadManifest {
  manifest: SubmissionManifest;
  /** Where it lies, relative to the snapshot. */
  path: string;
  /** The failure for a value that fits the schema but not the submission. */
  invalid(field: (string | number)[], message: string): Error;
}

export const manifestName = 'reprise.yaml';

/** Failures: MANIFEST_INVALID, naming line and field of each problem. */
export function parseManifest(bytes: Uint8Array, path: string): ReadManifest {
  if (bytes.byteLength > limits.manifestBytes) throw failure('MANIFEST_INVALID', `${path}: is larger than ${limits.manifestBytes} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(decode(bytes, path), { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken) throw failure('MANIFEST_INVALID', `${path} line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`);
  const say = (field: readonly PropertyKey[], message: string): string =>
    `line ${lineOf(document, lines, field)}: ${field.length === 0 ? '' : `${field.join('.')}: `}${message}`;
  const parsed = SubmissionManifest.safeParse(valueOf(document, path));
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => placesOf(issue).map(([field, message]) => say(field, message)));
    throw failure('MANIFEST_INVALID', `${path} ${problems.slice(0, 10).join('; ')}`);
  }
  return { manifest: parsed.data, path, invalid: (field, message) => failure('MANIFEST_INVALID', `${path} ${say(field, message)}`) };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw failure('MANIFEST_INVALID', `${path}: is not valid UTF-8`);
  }
}

/** toJS refuses a document that aliases blow up. */
function valueOf(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    throw failure('MANIFEST_INVALID', `${path}: ${(error as Error).message}`);
  }
}

/** A superfluous field is reported at its own line, not at that of the object around it. */
function placesOf(issue: z.core.$ZodIssue): [PropertyKey[], string][] {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return [[issue.path, 'is missing']];
  if (issue.code !== 'unrecognized_keys') return [[issue.path, issue.message]];
  return issue.keys.map((key) => [[...issue.path, key], 'no such field']);
}

/** Line of a field, from 1; of the nearest one around it where it is missing. */
function lineOf(document: Document, lines: LineCounter, field: readonly PropertyKey[]): number {
  for (let length = field.length; length > 0; length -= 1) {
    const offset = offsetOf(document, field.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  const start = isNode(document.contents) ? document.contents.range?.[0] : undefined;
  return start === undefined ? 1 : lines.linePos(start).line;
}

function offsetOf(document: Document, field: readonly PropertyKey[]): number | undefined {
  const parent = field.length === 1 ? document.contents : document.getIn(field.slice(0, -1), true);
  const last = field.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(field, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
