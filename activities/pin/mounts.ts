import type { BuildInput } from '../../domain/index.ts';
import { imageInput } from './bases.ts';
import { matchSource, missingWords, type BuildContext } from './copy-sources.ts';
import type { Dockerfile } from './dockerfile.ts';
import { noteCopy, type ImageFiles } from './image-files.ts';
import type { Analysis } from './inputs.ts';
import { input, resists } from './reading.ts';
import type { Step } from './scope.ts';
import { expandWord } from './words.ts';

/** What a RUN finds besides the files of its image: those that it mounts, from the context or from other stages. */
export function withMounts(dockerfile: Dockerfile, step: Step, context: BuildContext, image: ImageFiles, analysis: Analysis): { inputs: BuildInput[]; image: ImageFiles } {
  const binds = step.instruction.options.filter((option) => option.startsWith('--mount=')).map(mountOptions).filter((mount) => (mount.get('type') ?? 'bind') === 'bind');
  if (binds.length === 0) return { inputs: [], image };
  const inputs: BuildInput[] = [];
  // What is fetched goes on with the image; what is mounted ends with the step.
  const mounted: ImageFiles = { copies: [...image.copies], fetched: image.fetched, made: image.made, indexes: image.indexes };
  const { instruction, scope } = step;
  for (const bind of binds) {
    const value = (...names: string[]): string => expandWord(names.map((name) => bind.get(name)).find((each) => each !== undefined) ?? '', scope.lookup, dockerfile.escape).value;
    const [from, source, target] = [bind.get('from'), value('source', 'src') || '.', value('target', 'dst', 'destination')];
    if (from !== undefined) {
      const other = dockerfile.stages.find((stage) => stage.name === from.toLowerCase());
      const files = other && analysis.images[other.index];
      mounted.copies.push(...(files?.copies ?? []).filter(({ destination }) => destination === source).map((copy) => ({ ...copy, destination: target })));
      // Files of another image or stage are there, and are not known here.
      if (!other && !/^\d+$/.test(from)) inputs.push(imageInput(from, /\$/.test(from) ? [from] : [], instruction.line));
      if (files === undefined || files.fetched.length > 0) mounted.fetched = [...mounted.fetched, { line: instruction.line }];
      continue;
    }
    const match = matchSource(context, source);
    inputs.push(match.missing ? resists('copy', source, instruction.line, 'missing-file', missingWords(match)) : input('copy', source, instruction.line, 'exact'));
    if (!match.missing) noteCopy(mounted, context, instruction, [source, target], scope.workdir);
  }
  return { inputs, image: mounted };
}

/** `--mount=type=bind,source=a` by its keys, in lower case; what has no value has its own name. */
export function mountOptions(option: string): Map<string, string> {
  return new Map(option.slice('--mount='.length).split(',').map((each) => [each.split('=', 1)[0]?.toLowerCase() ?? '', each.slice(each.indexOf('=') + 1)]));
}
