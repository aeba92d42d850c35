import { constraintsAddress, indexAddress } from '../../pin/by-date/address.ts';
import { aptArchiveLine } from '../../pin/by-date/apt-archives.ts';
import { parseDockerfile, type Instruction } from '../../pin/dockerfile.ts';
import { stepsOf } from '../../pin/scope.ts';
import type { Change, Repair } from './plan.ts';

/** A repair with its place: the line of the pinned Dockerfile at which the failing instruction begins. */
export interface PlacedRepair extends Repair {
  line: number;
}

export interface RepairedDockerfile {
  text: string;
  /** Line of the pinned Dockerfile by line of the repaired one, from 1; undefined for what a repair added. */
  pinnedLineOf(line: number): number | undefined;
}

/** What begins the comment before each line that a repair adds (steps.ts knows those lines by it). */
export const repairComment = '# reprise: repair';

/**
 * The pinned Dockerfile with its repairs: build arguments and commands right before the instruction that failed, so that what was
 * built before it stays in the engine's cache, each with a comment that says why. Pure.
 */
export function applyRepairs(pinned: string, repairs: readonly PlacedRepair[], before: string | undefined): RepairedDockerfile {
  if (repairs.length === 0) return { text: pinned, pinnedLineOf: (line) => line };
  const dockerfile = parseDockerfile(Buffer.from(pinned));
  const users = new Map(stepsOf(dockerfile).map(({ instruction, scope }) => [instruction.line, scope.user]));
  const instructions = new Map(dockerfile.stages.flatMap((stage) => stage.instructions).map((each) => [each.line, each]));
  const lineEnd = pinned.includes('\r\n') ? '\r' : '';
  const lines = [...dockerfile.lines];
  const added = new Map<number, string[]>();
  const inOrder = [...repairs].sort((a, b) => a.line - b.line);
  for (const [index, repair] of inOrder.entries()) {
    const instruction = instructions.get(repair.line);
    if (instruction && repair.change.kind === 'apt-version') dropVersion(lines, instruction, repair.change);
    const texts = addedLines(repair, inOrder.slice(0, index + 1).map(({ change }) => change), users.get(repair.line) ?? '', before);
    added.set(repair.line, [...(added.get(repair.line) ?? []), ...texts.map((text) => text + lineEnd)]);
  }
  const origins: (number | undefined)[] = [];
  const text = lines.flatMap((line, index) => {
    const own = added.get(index + 1) ?? [];
    origins.push(...own.map(() => undefined), index + 1);
    return [...own, line];
  });
  return { text: text.join('\n'), pinnedLineOf: (line) => origins[line - 1] };
}

/** `earlier` ends with the repair's own change: an argument that is given again holds all that was asked for so far. */
function addedLines(repair: PlacedRepair, earlier: readonly Change[], user: string, before: string | undefined): string[] {
  const { change } = repair;
  const comment = `${repairComment} ${repair.id} (${repair.fidelity}): ${repair.what}; ${repair.why}`;
  if (change.kind === 'apt-version') return [comment.replace(repairComment, '# reprise: changed by repair')];
  return instructionsFor(change, earlier, user, before).flatMap((instruction, index) => [index === 0 ? comment : `${repairComment} ${repair.id}`, instruction]);
}

function instructionsFor(change: Exclude<Change, { kind: 'apt-version' }>, earlier: readonly Change[], user: string, before: string | undefined): string[] {
  switch (change.kind) {
    case 'constraints':
      return constraintLines(earlier.filter((each) => each.kind === 'constraints'));
    case 'index':
      return [`ARG PIP_INDEX_URL=${indexAddress(before ?? '', 'as-of', undefined, laterProjects(earlier))}`];
    case 'argument':
      return [`ARG ${change.name}=${argumentValue(change, earlier)}`];
    case 'run':
      return [...asRoot(change.command, user), ...Object.entries(change.arguments).map(([name, value]) => `ARG ${name}=${value}`)];
    case 'apt-archive':
      return [aptArchiveLine];
  }
}

function asRoot(command: string, user: string): string[] {
  return user === '' || user === 'root' || user === '0' ? [`RUN ${command}`] : ['USER root', `RUN ${command}`, `USER ${user}`];
}

/** pip before 26.2 hands the one variable on to builds that it isolates, later ones the other (PIP_BUILD_CONSTRAINT). */
function constraintLines(changes: readonly Extract<Change, { kind: 'constraints' }>[]): string[] {
  const address = constraintsAddress([...new Set(changes.flatMap(({ specs }) => specs))]);
  const isolated = changes.some((each) => each.isolated);
  const variables = [`ARG PIP_CONSTRAINT=${address}`, ...(isolated ? [`ARG PIP_BUILD_CONSTRAINT=${address}`] : [])];
  // Without a pyproject.toml older pips run setup.py with the setuptools of the image, which no constraint reaches.
  return [...variables, ...(isolated ? ['ARG PIP_USE_PEP517=1'] : [])];
}

function laterProjects(changes: readonly Change[]): Record<string, string> {
  return Object.fromEntries(changes.flatMap((each) => (each.kind === 'index' ? [[each.name, each.before]] : [])));
}

/** PIP_ONLY_BINARY is a list; the others have one value. */
function argumentValue({ name, value }: Extract<Change, { kind: 'argument' }>, earlier: readonly Change[]): string {
  if (name !== 'PIP_ONLY_BINARY') return value;
  return [...new Set(earlier.flatMap((each) => (each.kind === 'argument' && each.name === name ? [each.value] : [])))].join(',');
}

/** `curl=7.88.1-10` -> `curl` in the lines of one instruction. */
function dropVersion(lines: string[], { line, endLine }: Instruction, { package: name, version }: Extract<Change, { kind: 'apt-version' }>): void {
  const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(^|[\\s"'])(${literal(name)}(?::\\w+)?)=${literal(version)}(?=["'\\s;&|)\\\\]|$)`, 'g');
  for (let index = line - 1; index < endLine; index += 1) lines[index] = (lines[index] ?? '').replace(word, '$1$2');
}
