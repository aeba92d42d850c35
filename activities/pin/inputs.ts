import type { BuildInput } from '../../domain/index.ts';
import { addressInput } from './commands/download.ts';
import { checkoutsOf } from './commands/git.ts';
import { readCommand } from './commands/index.ts';
import { matchSource, type BuildContext, type SourceMatch } from './copy-sources.ts';
import { wordsOf, type Dockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { noImageFiles, noteCopy, type ImageFiles } from './image-files.ts';
import { plainText } from './logical-text.ts';
import { hasCredential } from './pip-specs.ts';
import { input, resists, type Reading } from './reading.ts';
import { stepsOf, type Step } from './scope.ts';
import { readRun } from './run-text.ts';
import { readShell, type ShellCommand, type ShellReading } from './shell.ts';

/** A Dockerfile read as far as that goes without building: its inputs, and what checks of its own are made from. */
export interface Analysis {
  inputs: BuildInput[];
  steps: AnalysedStep[];
  /** Where the files of the context lie at the end of each stage. */
  images: ImageFiles[];
  /** Every command of the build, those of followed scripts with the file that holds them. */
  commands: { command: ShellCommand; stage: number; file?: string }[];
}

export interface AnalysedStep extends Step {
  /** What a RUN runs. */
  shell?: ShellReading;
  /** What COPY and ADD take from the context. */
  sources?: { source: string; match: SourceMatch; line: number }[];
}

/** Every input of a build, each with its verdict; nothing is executed and nothing is fetched. */
export async function analyse(dockerfile: Dockerfile, context: BuildContext): Promise<Analysis> {
  const analysis: Analysis = { inputs: [], steps: [], images: [], commands: [] };
  const byStage = dockerfile.stages.map((): Step[] => []);
  for (const step of stepsOf(dockerfile)) byStage[step.stage.index]?.push(step);
  for (const stage of dockerfile.stages) await analyseStage(dockerfile, stage, byStage[stage.index] ?? [], context, analysis);
  return analysis;
}

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
      const from = instruction.flags['from'] ?? /(?:^|,)from=([^,]+)/.exec(instruction.flags['mount'] ?? '')?.[1];
      if (from === undefined || from === '' || /^\d+$/.test(from) || names.has(from.toLowerCase())) return [];
      return [{ reference: from, unresolved: /\$/.test(from) ? [from] : [], instruction }];
    });
  return [...bases, ...others].filter((base) => base.reference !== 'scratch');
}

async function analyseStage(dockerfile: Dockerfile, stage: Stage, steps: Step[], context: BuildContext, analysis: Analysis): Promise<void> {
  const image = noImageFiles(stage.parent === undefined ? undefined : analysis.images[stage.parent]);
  analysis.images[stage.index] = image;
  const base = baseInput(stage);
  if (base) analysis.inputs.push(base);
  const analysed = steps.map((step): AnalysedStep => (step.instruction.keyword === 'RUN' ? { ...step, shell: readRun(step) } : step));
  const commands = analysed.flatMap((step) => step.shell?.commands ?? []);
  const facts = {
    checkouts: checkoutsOf(commands),
    foreignSources: commands.some((each) => /^(add-apt-repository|apt-add-repository)$/.test(each.name)),
  };
  for (const step of analysed) {
    analysis.steps.push(step);
    const { instruction } = step;
    if (instruction.keyword === 'COPY' || instruction.keyword === 'ADD')
      analysis.inputs.push(...readCopy(dockerfile, step, context, image, analysis));
    else if (step.shell) analysis.inputs.push(...(await readCommands(step.shell, { step, context, image, analysis, ...facts }, [])));
  }
}

function baseInput(stage: Stage): BuildInput | undefined {
  if (stage.parent !== undefined || stage.base === 'scratch') return undefined;
  return imageInput(stage.base, stage.unresolved, stage.from.line);
}

function imageInput(reference: string, unresolved: string[], line: number): BuildInput {
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

function readCopy(dockerfile: Dockerfile, step: AnalysedStep, context: BuildContext, image: ImageFiles, analysis: Analysis): BuildInput[] {
  const { instruction, scope } = step;
  // With the escape character of Windows a backslash parts directories.
  const slashed = (value: string): string => (dockerfile.escape === '`' ? value.replaceAll('\\', '/') : value);
  const words = wordsOf(instruction, dockerfile.escape, scope.lookup).map((word) => ({ ...word, value: slashed(word.value) }));
  const values = words.map((word) => word.value);
  const from = instruction.flags['from'];
  if (from !== undefined) return copyFromImage(dockerfile, from, values, step, image, analysis);
  const local = words.slice(0, -1).filter((word) => !isAddress(word.value) && !word.value.startsWith('<<'));
  step.sources = local
    .filter((word) => word.unresolved.length === 0)
    .map((word) => ({ source: word.value, match: matchSource(context, word.value), line: instruction.line }));
  noteCopy(image, context, instruction, [...step.sources.map((each) => each.source), values.at(-1) ?? '/'], scope.workdir);
  const remote = words.slice(0, -1).filter((word) => isAddress(word.value));
  if (remote.length > 0) image.fetched.push({ line: instruction.line });
  return [
    ...step.sources.map(({ source, match, line }) =>
      match.missing ? resists('copy', source, line, 'missing-file', missingWords(match)) : input('copy', source, line, 'exact'),
    ),
    ...local
      .filter((word) => word.unresolved.length > 0)
      .map((word) =>
        input('copy', word.value, instruction.line, 'by-recording', `the value of ${word.unresolved.join(', ')} is given while building`),
      ),
    ...remote.map((word) => added(word.value, instruction)),
  ];
}

/** Why a source of COPY is missing, in words. */
function missingWords(match: SourceMatch): string {
  const { reason, near } = match.missing ?? { reason: 'absent' };
  if (reason === 'ignored') return 'it is in the build context but .dockerignore leaves it out';
  if (reason === 'other-case') return `the build context has ${near ?? 'it'} in other letters`;
  return reason === 'outside' ? 'it lies outside of the build context' : 'it is not in the build context';
}

function added(url: string, instruction: Instruction): BuildInput {
  if (hasCredential(url))
    return resists(
      'url',
      url.replace(/\/\/[^@/]*@/, '//…@'),
      instruction.line,
      'credential',
      'the address holds a credential, which is never stored',
    );
  if (/^git@|\.git(#.*)?$/.test(url)) {
    const ref = /#([^:]+)/.exec(url)?.[1];
    return input('git', url, instruction.line, ref !== undefined && /^[0-9a-f]{40}$/.test(ref) ? 'exact' : 'by-date');
  }
  return addressInput(url, instruction.line, instruction.flags['checksum'] !== undefined);
}

function copyFromImage(dockerfile: Dockerfile, from: string, values: string[], step: Step, image: ImageFiles, analysis: Analysis): BuildInput[] {
  const stage = dockerfile.stages.find((each) => each.index < step.stage.index && (each.name === from.toLowerCase() || String(each.index) === from));
  if (!stage) return /^\d+$/.test(from) ? [] : [imageInput(from, /\$/.test(from) ? [from] : [], step.instruction.line)];
  const other = analysis.images[stage.index];
  for (const copy of other?.copies ?? []) {
    if (values.slice(0, -1).includes(copy.destination))
      image.copies.push({ ...copy, destination: values.at(-1) ?? copy.destination, line: step.instruction.line });
  }
  if ((other?.fetched.length ?? 0) > 0) image.fetched.push({ line: step.instruction.line });
  return [];
}

type Surroundings = Pick<Reading, 'context' | 'image' | 'checkouts' | 'foreignSources'> & { step: Step; analysis: Analysis };

async function readCommands(shell: ShellReading, surroundings: Surroundings, following: readonly string[]): Promise<BuildInput[]> {
  const { step, analysis, ...known } = surroundings;
  const file = following.at(-1);
  const inputs: BuildInput[] = [];
  for (const command of shell.commands) {
    analysis.commands.push({ command, stage: step.stage.index, ...(file === undefined ? {} : { file }) });
    const found = await readCommand(command, {
      ...known,
      lookup: step.scope.lookup,
      siblings: shell.commands,
      functions: shell.functions,
      following,
      async followShell(text, at, script) {
        const inner = readShell({ ...plainText(text.replaceAll('\r\n', '\n')), lineAt: () => at.line }, step.scope.lookup, at.directory);
        const located = await readCommands(inner, surroundings, [...following, script]);
        return located.map((each) => ({ ...each, reason: `in ${script}${each.reason === undefined ? '' : `; ${each.reason}`}` }));
      },
    });
    inputs.push(...found);
    if (found.some((each) => ['git', 'url', 'hub'].includes(each.kind) && each.verdict !== 'resists'))
      known.image.fetched.push({ line: command.line });
  }
  return inputs;
}

function isAddress(value: string): boolean {
  return /^(https?|ftp):\/\/|^git@/.test(value);
}
