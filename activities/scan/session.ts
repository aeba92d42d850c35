import { createHmac } from 'node:crypto';
import type { ScanReport, SecretFinding } from '../../domain/index.ts';
import { limits } from '../../domain/index.ts';
import type { FindKnown } from './known.ts';
import type { Match } from './matcher.ts';
import { redactText } from './redact-text.ts';
import type { ValueSearch } from './values.ts';

/** What every scan takes, inside a stage and on the command line. */
export interface ScanOptions {
  /** The installation's key: the same secret has the same fingerprint in every report, and cannot be guessed from it. */
  fingerprintKey: Buffer;
  signal?: AbortSignal;
  report?: (progress: { message: string; done?: number; total?: number }) => void;
  /** Where nested archives are spooled that do not fit into memory; the system's directory for temporary files unless given. */
  scratchDirectory?: string;
  /** The directory that is scanned: part of every path where it is asked whose a file is. */
  root?: string;
  /** Values that are secrets wherever they stand; whatever the rules say. */
  known?: FindKnown;
  /** The operator's values, which block wherever they stand and in whatever encoding. */
  values?: ValueSearch;
  /** Whether the rules are asked; yes unless given. */
  rules?: boolean;
}

/** Collects what one scan reads, finds and cannot read. */
export interface ScanSession {
  options: ScanOptions;
  counts: ScanReport['scanned'];
  fingerprintOf(value: string): string;
  find(finding: SecretFinding): void;
  /** Whatever was not read is said here; the report is then not complete. */
  skip(path: string, within: readonly string[], reason: string): void;
  /** Takes over the report of a part, e.g. of a layer that was scanned before. */
  merge(part: ScanReport): void;
  report(): ScanReport;
}

/** Reports of parts that were scanned whole before: of layers by diff id, since base images are shared, and of large files. */
export interface PartCache {
  get(part: string): Promise<ScanReport | undefined>;
  put(part: string, report: ScanReport): Promise<void>;
}

export function createSession(options: ScanOptions, fingerprintOf = hmacWith(options.fingerprintKey)): ScanSession {
  const findings: SecretFinding[] = [];
  const reasons = new Set<string>();
  const counts = { files: 0, bytes: 0, objects: 0, layers: 0 };
  let unlisted = 0;
  const because = (reason: string): void => {
    if (reasons.size < limits.scanReasons) reasons.add(reason);
    else unlisted += 1;
  };
  const find = (finding: SecretFinding): void => {
    if (findings.length < limits.scanFindings) findings.push(finding);
    else because(`more than ${limits.scanFindings} findings; the others are not listed`);
  };
  return {
    options,
    counts,
    fingerprintOf,
    find,
    skip: (path, within, reason) => because(`${redactText([path, ...within].join(' > '))}: ${reason}`),
    merge(part) {
      for (const finding of part.findings) find(finding);
      for (const reason of part.incompleteBecause ?? (part.complete ? [] : ['a part was not read'])) because(reason);
      for (const name of ['files', 'bytes', 'objects', 'layers'] as const) counts[name] += part.scanned[name];
    },
    report: () => reportOf(counts, findings, reasons, unlisted),
  };
}

/** The finding that stands for a match: a fingerprint and a public prefix in place of the value. */
export function findingOf(
  session: ScanSession,
  match: Match,
  place: { path: string; within: readonly string[]; offset: number; line: number | undefined },
): SecretFinding {
  return {
    rule: match.rule,
    kind: match.kind,
    severity: match.severity,
    path: redactText(place.path),
    ...(place.within.length === 0 ? {} : { within: place.within.map(redactText) }),
    ...(place.line === undefined ? {} : { line: place.line }),
    offset: place.offset,
    length: match.end - match.start,
    fingerprint: session.fingerprintOf(match.value),
    redacted: `${match.value.slice(0, match.publicPrefix)}…`,
  };
}

function hmacWith(key: Buffer): (value: string) => string {
  return (value) => createHmac('sha256', key).update(value, 'latin1').digest('hex');
}

function reportOf(scanned: ScanReport['scanned'], findings: SecretFinding[], reasons: Set<string>, unlisted: number): ScanReport {
  const because = unlisted === 0 ? [...reasons] : [...reasons, `and ${unlisted} more reasons`];
  return {
    schema: 'reprise.scan/v1',
    complete: because.length === 0,
    ...(because.length === 0 ? {} : { incompleteBecause: because }),
    scanned: { ...scanned },
    findings: [...findings].sort(byPlace),
  };
}

function byPlace(a: SecretFinding, b: SecretFinding): number {
  const [first, second] = [a, b].map(({ path, within = [] }) => [path, ...within].join('\0')) as [string, string];
  return first < second ? -1 : first > second ? 1 : a.offset - b.offset;
}
