import { posix } from 'node:path';
import type { BuildInput } from '../../domain/index.ts';
import { baseInput, imageInput } from './bases.ts';
import { addressInput } from './commands/download.ts';
import { checkoutsOf } from './commands/git.ts';
import { readCommand } from './commands/index.ts';
import { matchSource, missingWords, type BuildContext, type SourceMatch } from './copy-sources.ts';
import { wordsOf, type Dockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { addsPackageSource } from './foreign-sources.ts';
import { noImageFiles, noteCopy, type ImageFiles } from './image-files.ts';
import { plainText } from './logical-text.ts';
import { writtenBy } from './made-files.ts';
import { withMounts } from './mounts.ts';
import { noteIndexes, replacedIndexes, type Indexed } from './other-indexes.ts';
import { hasCredential, withoutUser } from './pip-specs.ts';
import { input, resists, type Reading } from './reading.ts';
import { stepsOf, type Step } from './scope.ts';
import { readRun } from './run-text.ts';
import { readShell, type ShellCommand, type ShellReading } from './shell.ts';
import { noteDocuments, noteWritten, withWrittenFiles, type WrittenFiles } from './written-files.ts';

/** A Dockerfile read as far as that goes without building: its inputs, and what checks of its own are made from. */
export interface Analysis {
  inputs: BuildInput[];
  steps: AnalysedStep[];
  /** Where the files of the context lie at the end of each stage. */
  images: ImageFiles[];
  /** For each stage the programs whose own index its files and commands replace, and by what. */
  replaced: Map<Indexed, string>[];
  /** The context, and beside its files those that the build writes with a text that is known. */
  context: BuildContext;
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
export async function analyse(dockerfile: Dockerfile, given: BuildContext): Promise<Analysis> {
  const written: WrittenFiles = new Map();
  const context = withWrittenFiles(given, written);
  const analysis: Written = { inputs: [], steps: [], images: [], commands: [], replaced: [], context, written };
  const byStage = dockerfile.stages.map((): Step[] => []);
  for (const step of stepsOf(dockerfile)) byStage[step.stage.index]?.push(step);
  for (const stage of dockerfile.stages) await analyseStage(dockerfile, stage, byStage[stage.index] ?? [], context, analysis);
  return analysis;
}

/** An analysis under way. */
interface Written extends Analysis {
  written: WrittenFiles;
}

async function analyseStage(dockerfile: Dockerfile, stage: Stage, steps: Step[], context: BuildContext, analysis: Written): Promise<void> {
  const image = noImageFiles(stage.parent === undefined ? undefined : analysis.images[stage.parent]);
  analysis.images[stage.index] = image;
  const first = analysis.inputs.length;
  const base = baseInput(stage);
  if (base) analysis.inputs.push(base);
  const analysed = steps.map((step): AnalysedStep => (step.instruction.keyword === 'RUN' ? { ...step, shell: readRun(step) } : step));
  const commands = analysed.flatMap((step) => step.shell?.commands ?? []);
  const facts = {
    checkouts: checkoutsOf(commands),
    foreignFrom: commands.findIndex(addsPackageSource),
    commands,
  };
  for (const step of analysed) {
    analysis.steps.push(step);
    const { instruction } = step;
    if (instruction.keyword === 'COPY' || instruction.keyword === 'ADD')
      analysis.inputs.push(...readCopy(dockerfile, step, context, image, analysis));
    else if (step.shell) {
      const mounted = withMounts(dockerfile, step, context, image, analysis);
      analysis.inputs.push(...mounted.inputs, ...(await readCommands(step.shell, { step, context, image: mounted.image, analysis, ...facts }, [])));
    }
  }
  const { workdir = '/', lookup = () => undefined } = steps.at(-1)?.scope ?? {};
  const replaced = await replacedIndexes(workdir, { image, context, lookup });
  analysis.replaced[stage.index] = replaced;
  analysis.inputs.push(...analysis.inputs.splice(first).map((each) => fromReplaced(each, replaced)));
}

/** The stage sees no past of an index that it replaces, not even before it does so. */
function fromReplaced(each: BuildInput, replaced: ReadonlyMap<Indexed, string>): BuildInput {
  const index = each.kind === 'pip' ? replaced.get('pip') : each.kind === 'npm' ? replaced.get('npm') : undefined;
  if (index === undefined || each.verdict !== 'by-date') return each;
  return { ...each, verdict: 'by-recording', reason: `${index} need not say when a file was uploaded` };
}

function readCopy(dockerfile: Dockerfile, step: AnalysedStep, context: BuildContext, image: ImageFiles, analysis: Written): BuildInput[] {
  const { instruction, scope } = step;
  // With the escape character of Windows a backslash parts directories.
  const slashed = (value: string): string => (dockerfile.escape === '`' ? value.replaceAll('\\', '/') : value);
  const words = wordsOf(instruction, dockerfile.escape, scope.lookup).map((word) => ({ ...word, value: slashed(word.value) }));
  const values = words.map((word) => word.value);
  const from = instruction.flags['from'];
  if (from !== undefined) return copyFromImage(dockerfile, from, values, step, image, analysis);
  const local = words.slice(0, -1).filter((word) => !isAddress(word.value) && !word.value.startsWith('<<'));
  const named = local
    .filter((word) => word.unresolved.length === 0)
    .map((word) => ({ source: word.value, match: matchSource(context, word.value), line: instruction.line }));
  // A pattern beside files that are there may match nothing: so people copy a lock file that may be missing.
  const some = named.some(({ match }) => match.matches.length > 0);
  step.sources = named.map((each) => (some && /[*?[]/.test(each.source) && each.match.missing ? { ...each, match: { matches: [] } } : each));
  noteCopy(image, context, instruction, [...step.sources.map((each) => each.source), values.at(-1) ?? '/'], scope.workdir);
  noteDocuments(instruction, values.at(-1) ?? '/', values.length > 2, scope, image, analysis.written);
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

function added(url: string, instruction: Instruction): BuildInput {
  if (hasCredential(url))
    return resists(
      'url',
      withoutUser(url),
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
  const target = posix.resolve('/', step.scope.workdir, values.at(-1) ?? '.');
  image.made.push(...values.slice(0, -1).flatMap((source) => [target, posix.join(target, posix.basename(source))]));
  if (!stage) return /^\d+$/.test(from) ? [] : [imageInput(from, /\$/.test(from) ? [from] : [], step.instruction.line)];
  const other = analysis.images[stage.index];
  for (const copy of other?.copies ?? []) {
    if (values.slice(0, -1).includes(copy.destination))
      image.copies.push({ ...copy, destination: target, intoDirectory: copy.intoDirectory || values.at(-1)?.endsWith('/') === true, line: step.instruction.line });
  }
  if ((other?.fetched.length ?? 0) > 0) image.fetched.push({ line: step.instruction.line });
  return [];
}

interface Surroundings extends Pick<Reading, 'context' | 'image' | 'checkouts'> {
  step: Step;
  analysis: Written;
  /** The stage's commands, and the first of them that adds a package source outside of the distribution; -1 for none. */
  commands: readonly ShellCommand[];
  foreignFrom: number;
}

async function readCommands(shell: ShellReading, surroundings: Surroundings, following: readonly string[]): Promise<BuildInput[]> {
  const { step, analysis, commands, foreignFrom, ...known } = surroundings;
  const file = following.at(-1);
  const inputs: BuildInput[] = [];
  for (const command of shell.commands) {
    analysis.commands.push({ command, stage: step.stage.index, ...(file === undefined ? {} : { file }) });
    const found = await readCommand(command, {
      ...known,
      foreignSources: foreignFrom >= 0 && (file !== undefined || commands.indexOf(command) > foreignFrom),
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
    known.image.made.push(...writtenBy(command));
    noteWritten(command, known.image, analysis.written);
    noteIndexes(command, known.image);
    if (found.some((each) => ['git', 'url', 'hub'].includes(each.kind) && each.verdict !== 'resists'))
      known.image.fetched.push({ line: command.line });
  }
  return inputs;
}

function isAddress(value: string): boolean {
  return /^(https?|ftp):\/\/|^git@/.test(value);
}
