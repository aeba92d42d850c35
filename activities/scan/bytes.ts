import { createHash } from 'node:crypto';
import { limits, type FindingSeverity } from '../../domain/index.ts';
import { publicValues } from '../../domain/secrets/index.ts';
import { breadthMatches } from './breadth.ts';
import type { FindKnown } from './known.ts';
import { matchWindow, reachBytes, withoutOverlaps, type Match } from './matcher.ts';
import { findingOf, type ScanOptions, type ScanSession } from './session.ts';
import { valueMatches } from './values.ts';
import { windowsOf, type Window } from './windows.ts';

export interface Place {
  path: string;
  within: readonly string[];
}

/** How much of a window tells text from binary: as git, which looks at 8,000 bytes for a NUL. */
const lookBytes = 8_000;

/**
 * Scans a stream as bytes, whatever its encoding, in linear time and the memory of one window. Findings whose fingerprint is in
 * `known` are left out: they were found in what these bytes unpack to. Returns the fingerprints found.
 */
export async function scanBytes(
  session: ScanSession,
  place: Place,
  chunks: AsyncIterable<Buffer>,
  known: () => ReadonlySet<string> = () => new Set(),
): Promise<Set<string>> {
  const found = new Set<string>();
  const deferred: (() => void)[] = [];
  let linesBefore = 0;
  let program = false;
  const packaged = isPackaged(session, place);
  for await (const window of windowsOf(chunks, reachBytes)) {
    session.options.signal?.throwIfAborted();
    session.counts.bytes += window.to - window.from;
    if (window.base === 0 && window.from === 0) program = isProgram(window.bytes);
    const binary = window.bytes.subarray(0, lookBytes).includes(0);
    let [lines, counted] = [linesBefore, window.from];
    for (const match of await matchesOf(session.options, window, binary)) {
      if (!binary) lines += newlines(window.bytes, counted, match.start);
      counted = match.start;
      const line = binary ? undefined : lines + 1;
      const finding = findingOf(session, { ...match, severity: severityOf(match, program, packaged) }, { ...place, offset: window.base + match.start, line });
      found.add(finding.fingerprint);
      if (deferred.length <= limits.scanFindings) deferred.push(() => known().has(finding.fingerprint) || session.find(finding));
    }
    const last = window.to === window.bytes.length;
    if (!binary && !last) linesBefore += newlines(window.bytes, window.from, window.to);
  }
  for (const add of deferred) add();
  return found;
}

/** The operator's values, and what the rules find beside them. */
export async function matchesOf({ values, rules = true, known }: Pick<ScanOptions, 'values' | 'rules' | 'known'>, window: Pick<Window, 'bytes' | 'from' | 'to'>, binary: boolean): Promise<Match[]> {
  const given = values ? valueMatches(values, window) : [];
  if (!rules) return given;
  const ruled = await matchesIn(window, binary, known);
  if (given.length === 0) return ruled;
  const apart = ruled.filter(({ start, end }) => !given.some((value) => value.start < end && start < value.end));
  return [...given, ...apart].sort((a, b) => a.start - b.start);
}

/** What the own rules and secretlint's find in one window, and the values that are known. */
export async function matchesIn(window: Pick<Window, 'bytes' | 'from' | 'to'>, binary: boolean, known?: FindKnown): Promise<Match[]> {
  const { matches, breadth } = matchWindow(window.bytes, window.from, window.to, binary);
  const exact = known?.(window.bytes, window.from, window.to) ?? [];
  const all = breadth.length === 0 && exact.length === 0 ? matches : withoutOverlaps([...matches, ...(await breadthMatches(window.bytes, breadth)), ...exact]);
  return all.map((match) => (isPublic(match) ? { ...match, severity: 'note' } : match));
}

/** A value that everybody knows opens nothing, wherever it stands. */
function isPublic({ severity, value }: Match): boolean {
  return severity === 'block' && publicValues.has(createHash('sha256').update(value, 'latin1').digest('hex'));
}

function severityOf(match: Match, program: boolean, packaged: boolean): FindingSeverity {
  const inProgram = program ? match.inPrograms : undefined;
  return inProgram ?? (packaged ? match.inPackages : undefined) ?? match.severity;
}

/** Where package managers put what they install; told by the whole path, which may lead through archives and layers. */
const packagePath = /(?:^|\/)(?:node_modules|site-packages|dist-packages|bower_components|go\/pkg\/mod|cargo\/registry|usr\/share\/doc|usr\/lib\/python3[^/]*)\//;

function isPackaged({ options }: ScanSession, { path, within }: Place): boolean {
  return packagePath.test([options.root ?? '', path, ...within].join('/'));
}

/** ELF, static libraries, Windows programs. */
function isProgram(bytes: Buffer): boolean {
  const magic = bytes.toString('latin1', 0, 8);
  return magic.startsWith('\x7fELF') || magic === '!<arch>\n' || magic.startsWith('MZ');
}

/** Negative where `to` lies before `from`: a value that began in the window before. */
function newlines(bytes: Uint8Array, from: number, to: number): number {
  if (to < from) return -newlines(bytes, to, from);
  let count = 0;
  for (let index = from; index < to; index += 1) if (bytes[index] === 10) count += 1;
  return count;
}
