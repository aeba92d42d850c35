import { repairTable, type RepairRow, type Speaker } from './table.ts';

/** A row of the table that the output of a failed step shows. */
export interface Breakage {
  row: RepairRow;
  /** What the row's pattern names: package, requirement, version, module. */
  named: Record<string, string>;
  /** The lines that say so, oldest first. */
  log: string[];
  /** Minor version of the Python that pip ran with, where the output shows it. */
  python: number | undefined;
  /** Name and specifiers as pip collected them, of the package that did not build. */
  building: string | undefined;
}

const shownLines = 3;
const shownCharacters = 300;

/**
 * What a failed step's output is known by, in the order of the table. Only what pip, apt or a package that pip builds says
 * counts: a program of the submission that prints or raises the same is its own fault, and is left alone.
 */
export function breakagesIn(lines: readonly string[]): Breakage[] {
  const spoken = spokenLines(lines);
  const python = pythonIn(lines);
  return repairTable.flatMap((row) => {
    const at = spoken.findLastIndex(({ speakers, text }) => speakers.includes(row.speaker) && row.pattern.test(text));
    if (at < 0) return [];
    const named = Object.fromEntries(Object.entries(row.pattern.exec(spoken[at]?.text ?? '')?.groups ?? {}).filter(([, value]) => value !== undefined));
    const log = lines.slice(Math.max(0, at + 1 - shownLines), at + 1).map((line) => line.trim().slice(0, shownCharacters)).filter((line) => line !== '');
    return [{ row, named, log, python, building: buildingIn(lines) }];
  });
}

interface Spoken {
  text: string;
  speakers: Speaker[];
}

/** pip 21.3 and later frame what a package's build printed; earlier ones put it between a heading and a rule. */
const begins = /^\s*(?:╰─> \[\d+ lines of output\]|Complete output(?: from command .*| \(\d+ lines\))?:)/;
const ends = /^\s*\[end of output\]$|^ {4}-{30,}$/;

function spokenLines(lines: readonly string[]): Spoken[] {
  // Of a long output only the end is at hand: its frame began before.
  let inside = ends.test(lines.find((line) => begins.test(line) || ends.test(line)) ?? '');
  return lines.map((text) => {
    if (ends.test(text)) inside = false;
    const speakers: Speaker[] = inside ? ['a package that pip builds'] : [];
    if (/^\s*ERROR: /.test(text)) speakers.push('pip');
    if (text.startsWith('E: ')) speakers.push('apt');
    if (begins.test(text)) inside = true;
    return { text, speakers };
  });
}

function pythonIn(lines: readonly string[]): number | undefined {
  const found = lines.map((line) => /\b(?:python3\.|cpython-3|cp3)(\d{1,2})\b/.exec(line)?.[1]).findLast((minor) => minor !== undefined);
  return found === undefined ? undefined : Number(found);
}

/** `Failed building wheel for x`, or the last that pip had begun; with what pip then said it collects. */
function buildingIn(lines: readonly string[]): string | undefined {
  const failed = lines.map((line) => /(?:Failed building wheel for|Running setup\.py install for) ([\w.-]+)/.exec(line)?.[1]).findLast((name) => name !== undefined);
  const collected = lines.flatMap((line) => /^\s*Collecting (\S.*?)(?: \(from .*)?$/.exec(line)?.[1] ?? []);
  if (failed === undefined) return collected.at(-1);
  return collected.findLast((each) => nameOf(each) === nameOf(failed)) ?? failed;
}

function nameOf(requirement: string): string {
  return (/^[\w.-]+/.exec(requirement)?.[0] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-');
}
