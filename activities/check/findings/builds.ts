import type { BuildInput, CheckCode, CheckFinding, CheckSeverity } from '../../../domain/index.ts';
import { checkoutsOf } from '../../pin/commands/git.ts';
import { pipWords } from '../../pin/commands/pip.ts';
import { trainingIn } from '../../pin/commands/training.ts';
import type { DockerfileProblem } from '../../pin/dockerfile.ts';
import { readOptions, subcommandOf } from '../../pin/options.ts';
import { isPipOption, nearestPipOption, pipOptionsWithValue } from '../../pin/pip-options.ts';
import { isPseudoCommit } from '../../pin/pip-specs.ts';
import type { ShellCommand } from '../../pin/shell.ts';
import { finding, type Checked } from './finding.ts';
import { notBuilt } from './newer-syntax.ts';

/** What the builder or one of its commands refuses. */
export function buildFindings(checked: Checked): CheckFinding[] {
  const commands = checked.analysis.commands.map((each) => each.command);
  return [
    ...checked.analysis.inputs.flatMap(fromInput),
    ...(checked.context.problem === undefined
      ? []
      : [finding('DOCKERIGNORE_INVALID', 'error', 1, `.dockerignore holds a pattern that cannot be read: ${checked.context.problem}`)]),
    ...emptySources(checked),
    ...notBuilt(checked),
    ...execForms(checked),
    ...shellErrors(checked),
    ...commands.flatMap((command) => [...redirections(command), ...options(command)]),
    ...pseudoCommits(commands, checked.analysis.inputs),
    ...checked.analysis.commands.flatMap(({ command, file }) => training(command, file)),
  ];
}

/** The builder's own refusals. */
export function problemFinding(problem: DockerfileProblem): CheckFinding {
  const codes: Record<DockerfileProblem['kind'], CheckCode> = {
    empty: 'DOCKERFILE_UNREADABLE',
    'not-text': 'DOCKERFILE_UNREADABLE',
    'too-large': 'DOCKERFILE_UNREADABLE',
    'no-stage': 'DOCKERFILE_UNREADABLE',
    'no-instruction': 'NOT_AN_INSTRUCTION',
    incomplete: 'INSTRUCTION_INCOMPLETE',
  };
  return finding(codes[problem.kind], 'error', problem.line, problem.message);
}

function fromInput(input: BuildInput): CheckFinding[] {
  if (input.verdict !== 'resists') return [];
  const reason = input.reason ?? '';
  const kind = /(?:^|; )(gone|gated|credential|missing-file|no-time-data):/.exec(reason)?.[1];
  const rows: Record<string, [CheckCode, CheckSeverity]> = {
    gone: ['NOT_A_COMMIT', 'error'],
    gated: ['GATED_MODEL', 'warning'],
    credential: ['NEEDS_CREDENTIAL', 'warning'],
    'missing-file': input.kind === 'copy' ? ['COPY_SOURCE_MISSING', 'error'] : ['FILE_NOT_IN_IMAGE', 'warning'],
    'no-time-data': ['BASE_WITHOUT_VALUE', 'error'],
  };
  const row = kind === undefined ? undefined : rows[kind];
  return row ? [finding(...row, input.line, `${input.spec}: ${reason.replace(/(^|; )[a-z-]+: /, '$1')}`)] : [];
}

function emptySources({ analysis }: Checked): CheckFinding[] {
  const sources = analysis.steps.flatMap((step) => step.sources ?? []).filter(({ match, source }) => match.empty && !/^\.?\/?$/.test(source));
  return sources.map(({ source, line }) => finding('COPY_SOURCE_EMPTY', 'warning', line, `${source} is an empty directory`));
}

/** Words in quotes of any kind with commas between them: no test of the shell looks so. */
const listOfWords = /^\s*\[\s*["'\u2018-\u201F][^"'\u2018-\u201F]*["'\u2018-\u201F]\s*(?:,\s*["'\u2018-\u201F][^"'\u2018-\u201F]*["'\u2018-\u201F]\s*)*,?\s*\]\s*$/;

/** A list that is no JSON is shell text, of which the shell takes `[python,` for a program; in one that is, `&&` is a word like others. */
function execForms({ dockerfile }: Checked): CheckFinding[] {
  const listed = dockerfile.stages.flatMap(({ instructions }) => instructions).filter(({ keyword }) => ['RUN', 'CMD', 'ENTRYPOINT', 'SHELL'].includes(keyword));
  return listed.flatMap(({ keyword, json, text, line }) => {
    const operator = json && !/(?:^|\/)(?:ba|da|z|k)?sh$/.test(json[0] ?? '') ? json.slice(1).find((word) => /^(?:&&|\|\|?|;|>>?|2>&1)$/.test(word)) : undefined;
    if (operator !== undefined) return [finding('EXEC_FORM_INVALID', 'warning', line, `${keyword} is a list, which no shell reads: \`${operator}\` becomes a word for ${json?.[0] ?? ''}`)];
    if (json || !text.includes(',') || !listOfWords.test(text)) return [];
    return [finding('EXEC_FORM_INVALID', 'error', line, `${keyword} is a list that is no JSON, so that the shell takes it for a command: ${text.trim().slice(0, 80)}`)];
  });
}

/** The shell of the image may differ from bash, so that what bash refuses is a warning. */
function shellErrors({ analysis }: Checked): CheckFinding[] {
  return analysis.steps.flatMap((step) =>
    (step.shell?.errors ?? []).slice(0, 1).map((error) => finding('SHELL_SYNTAX', 'warning', error.line, `${error.message} (as bash reads it)`)),
  );
}

/** `pip install torch>=2.0.1` writes a file named `=2.0.1` and installs any torch; with `<` the shell looks for such a file. */
function redirections(command: ShellCommand): CheckFinding[] {
  if (!pipWords(command) && !/^(conda|mamba|micromamba)$/.test(command.name)) return [];
  return command.redirects
    .filter(({ target }) => /^=|^\d+(\.\d+)*(\.\*)?(,.*)?$/.test(target))
    .map(({ operator, target, line }) =>
      finding(
        'UNQUOTED_REDIRECT',
        'error',
        line,
        `the shell takes \`${operator}${target}\` as a redirection to the file ${target}, not as a version`,
      ),
    );
}

function options(command: ShellCommand): CheckFinding[] {
  const words = pipWords(command);
  if (!words) return [];
  const dash = words.find((word) => /^[\u2010-\u2015\u2212]/.test(word.value));
  if (dash)
    return [
      finding('MISSPELT_OPTION', 'error', command.line, `\`${dash.value}\` begins with a typographic dash, so that pip takes it for a package`),
    ];
  const [subcommand, rest] = subcommandOf(words, pipOptionsWithValue);
  if (subcommand !== 'install' || command.name === 'uv' || command.name === 'pipx') return [];
  const read = readOptions(rest, pipOptionsWithValue);
  return [...read.flags, ...read.values.keys()]
    .filter((option) => !isPipOption(option) && !option.includes('$'))
    .map((option) => {
      const near = nearestPipOption(option);
      const hint = near === undefined ? 'pip may have gained it later' : `did you mean \`${near}\`?`;
      return finding('MISSPELT_OPTION', near === undefined ? 'warning' : 'error', command.line, `pip install has no option \`${option}\`; ${hint}`);
    });
}

/** Checkouts in repositories whose clone is not in sight; the others are found with their clone. */
function pseudoCommits(commands: ShellCommand[], inputs: BuildInput[]): CheckFinding[] {
  const gone = inputs.filter((input) => input.verdict === 'resists').map((input) => input.spec);
  return checkoutsOf(commands)
    .filter(({ ref }) => isPseudoCommit(ref) && !gone.some((spec) => spec.endsWith(`@${ref}`)))
    .map(({ ref, line }) => finding('NOT_A_COMMIT', 'error', line, `${ref} has ${ref.length} hexadecimal digits; a commit has 40`));
}

function training(command: ShellCommand, file: string | undefined): CheckFinding[] {
  const what = trainingIn(command);
  if (what === undefined) return [];
  const where = file === undefined ? '' : ` (in ${file})`;
  return [finding('TRAINING_IN_BUILD', 'warning', command.line, `${what} looks like a training that runs while the image is built${where}`)];
}
