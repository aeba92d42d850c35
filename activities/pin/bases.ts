import type { BuildInput } from '../../domain/index.ts';
import type { Dockerfile, Instruction, Stage } from './dockerfile.ts';
import { input, resists } from './reading.ts';

/** The images that a Dockerfile takes in: bases, COPY --from and mounts, with what they stand for after expansion. */
export interface BaseReference {
  reference: string;
  unresolved: string[];
  instruction: Instruction;
}

export function basesOf(dockerfile: Dockerfile): BaseReference[] {
  const names = new Set(dockerfile.stages.flatMap((stage) => stage.name ?? []));
  const bases = dockerfile.stages
    .filter((stage) => stage.parent === undefined)
    .map((stage) => ({ reference: stage.base, unresolved: stage.unresolved, instruction: stage.from }));
  const others = dockerfile.stages
    .flatMap((stage) => stage.instructions)
    .flatMap((instruction) => {
      const mounted = instruction.options.flatMap((option) => /^--mount=(?:.*,)?from=([^,]+)/.exec(option)?.[1] ?? []);
      const others = [instruction.flags['from'] ?? '', ...mounted].filter((from) => from !== '' && !/^\d+$/.test(from) && !names.has(from.toLowerCase()));
      return others.map((from) => ({ reference: from, unresolved: /\$/.test(from) ? [from] : [], instruction }));
    });
  return [...bases, ...others].filter((base) => base.reference !== 'scratch');
}

export function baseInput(stage: Stage): BuildInput | undefined {
  if (stage.parent !== undefined || stage.base === 'scratch') return undefined;
  return imageInput(stage.base, stage.unresolved, stage.from.line);
}

export function imageInput(reference: string, unresolved: string[], line: number): BuildInput {
  if (unresolved.length > 0) return resists('base', reference, line, 'no-time-data', `${unresolved.join(', ')} has no value`);
  if (/@sha256:[0-9a-f]{64}$/.test(reference)) return input('base', reference, line, 'exact');
  const tag = /:([^:/@]+)$/.exec(reference)?.[1];
  return input(
    'base',
    reference,
    line,
    'by-date',
    tag === undefined || tag === 'latest' ? 'no tag; the newest image is taken' : 'a tag may move; its digest is taken from the registry',
  );
}
