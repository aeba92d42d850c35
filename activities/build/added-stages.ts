import { parseDockerfile } from '../pin/dockerfile.ts';
import type { BuildStep } from './steps.ts';

/** A stage that the classic builder needs beside those of the submission; it ends in no image. */
export interface AddedStage {
  name: string;
  /** The stage that takes from it, right before which it stands. */
  before: number;
  /** Its first line, and that of the instruction for which it is there. */
  beforeLine: number;
  line: number;
  /** An image, or a stage by its name or number. */
  from: string;
  /** After FROM. */
  instructions: string[];
}

/** The Dockerfile with the stages in their places. What names a stage by its number names the same one afterwards. */
export function withAddedStages(dockerfile: Uint8Array, added: readonly AddedStage[]): Uint8Array {
  if (added.length === 0) return dockerfile;
  const { lines, stages } = parseDockerfile(dockerfile);
  const placed = new Map(stages.map(({ index }) => [index, index + added.filter(({ before }) => before <= index).length]));
  const texts = [...lines];
  for (const { line, flags, options } of stages.flatMap(({ instructions }) => instructions)) {
    const from = /^\d+$/.test(flags['from'] ?? '') ? placed.get(Number(flags['from'])) : undefined;
    if (from !== undefined) texts[line - 1] = texts[line - 1]?.replace(options.findLast((option) => option.startsWith('--from=')) ?? '', `--from=${from}`) ?? '';
  }
  // By a name of ours where it has none: FROM takes no number.
  const numbered = new Set(added.flatMap(({ from }) => (/^\d+$/.test(from) && stages[Number(from)]?.name === undefined ? [Number(from)] : [])));
  for (const index of numbered) {
    const line = (stages[index]?.from.endLine ?? 0) - 1;
    texts[line] = texts[line]?.replace(/\s*$/, (end) => ` AS ${numberedName(index)}${end}`) ?? '';
  }
  const fromOf = ({ from }: AddedStage): string => (/^\d+$/.test(from) ? (stages[Number(from)]?.name ?? numberedName(Number(from))) : from);
  const starts = new Map(stages.map(({ index, from }) => [from.line, added.filter(({ before }) => before === index)]));
  const before = (line: number): string[] => (starts.get(line) ?? []).flatMap((stage) => [`FROM ${fromOf(stage)} AS ${stage.name}`, ...stage.instructions]);
  return Buffer.from(texts.flatMap((text, index) => [...before(index + 1), text]).join('\n'));
}

/** The steps as the engine counts them then: those that were added say the instruction for which they are there. */
export function stepsWithAdded(steps: readonly BuildStep[], added: readonly AddedStage[]): BuildStep[] {
  const all = steps.flatMap((step) => {
    const stages = added.filter(({ beforeLine }) => beforeLine === step.pinnedLine);
    return [...stages.flatMap(({ line, instructions }) => [0, ...instructions].map(() => steps.find(({ pinnedLine }) => pinnedLine === line) ?? step)), step];
  });
  return all.map((step, index) => ({ ...step, number: index + 1 }));
}

function numberedName(index: number): string {
  return `reprise-stage-${index}`;
}
