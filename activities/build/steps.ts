import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { repairComment } from './repair/apply.ts';

export interface BuildStep {
  /** 1-based, as the builder counts: every instruction of the file, also ARG before the first FROM. */
  number: number;
  /** As the submission wrote it, on one line. */
  text: string;
  /** Line in the submission's own Dockerfile; undefined for an instruction that the platform added. */
  line: number | undefined;
  /** First line in the pinned file. */
  pinnedLine: number;
}

/** What pin adds names one of its paths, its index or a date, what a repair adds has its comment; what is changed keeps its place among the instructions. */
const platformPath = /(?:^|[\s=])(?:\.reprise\/|\/usr\/local\/share\/reprise\/|(?:http:\/\/)?index\.reprise\.internal(?:\/|$))|^ARG (?:npm_config_before|REPRISE_(?:APT|CONDA)_BEFORE)=[\d-]+T[\d:.]+Z$/;

/**
 * The steps of a pinned Dockerfile, each with its instruction in the original: those that were not added are, in their order,
 * the original's. Where the two do not have the same number, no step has a line.
 */
export function stepsOf(pinned: string, original: string): BuildStep[] {
  const originals = instructionsOf(original);
  const building = instructionsOf(pinned);
  const lines = pinned.split('\n');
  const kept = building.filter((instruction) => !platformPath.test(instruction.getTextContent()) && !lines[lineOf(instruction) - 2]?.startsWith(repairComment));
  return building.map((instruction, index) => {
    const source = kept.length === originals.length ? originals[kept.indexOf(instruction)] : undefined;
    return { number: index + 1, text: textOf(source ?? instruction), line: source && lineOf(source), pinnedLine: lineOf(instruction) };
  });
}

/** The line of the original that a line of the pinned file was; undefined for one that was added. */
export function originalLineOf(steps: BuildStep[], pinnedLine: number): number | undefined {
  const step = steps.findLast((each) => each.pinnedLine <= pinnedLine);
  if (!step) return pinnedLine;
  return step.line === undefined ? undefined : step.line + pinnedLine - step.pinnedLine;
}

function instructionsOf(dockerfile: string): Instruction[] {
  return DockerfileParser.parse(dockerfile).getInstructions();
}

function lineOf(instruction: Instruction): number {
  return instruction.getRange().start.line + 1;
}

/** Continued lines joined, white space reduced: how it is quoted in a message. */
function textOf(instruction: Instruction): string {
  return instruction
    .getTextContent()
    .replaceAll(/\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
