import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { openSealedWith } from '../../activities/intake/suite.ts';
import { readSuiteKey } from '../../activities/intake/suite-crypto.ts';
import { visitSuite } from '../../activities/intake/suite-files.ts';
import { withSpool } from '../../activities/io/spool.ts';
import { startSpoolList } from '../../activities/io/spool-list.ts';
import { buildSuite } from '../../activities/suite/build.ts';
import { lintSuite, type LintReport, type SuiteSettings, type SuiteView, viewSuite } from '../../activities/suite/inspect.ts';
import { encryptSuite, sampleSuite } from '../../activities/suite/reshape.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { readConfig } from '../../infra/config.ts';
import { exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../input.ts';
import { columns, print, printJson, say } from '../terminal.ts';

export function suiteCommand(): Command {
  const commands = [buildCommand(), showCommand(), lintCommand(), encryptCommand(), sampleCommand()];
  const suite = new Command('suite')
    .description('make, look at, check, encrypt and sample suites of questions')
    .addHelpText('after', '\nExamples:\n  reprise suite show examples/suites/addition\n  reprise suite build examples/suites/metrics.yaml --out suites/metrics');
  for (const command of commands) suite.addCommand(command);
  return suite;
}

function buildCommand(): Command {
  return new Command('build')
    .description('finished questions from a definition and the data sets that it names')
    .argument('<definition>', 'YAML file; docs/suites.md describes it')
    .requiredOption('--out <dir>', 'where to write; new or empty')
    .option('--json', 'print reprise.suite-description/v1: the suite.yaml that was written')
    .addHelpText('after', '\nExample:\n  reprise suite build examples/suites/metrics.yaml --out suites/metrics')
    .action(async (definition: string, options: { out: string; json?: true }) => {
      const described = await buildSuite(definition, options.out);
      if (options.json) return printJson({ schema: 'reprise.suite-description/v1', ...described });
      const sources = new Map(described.scenarios?.flatMap((scenario) => scenario.sources ?? []).map(({ file, sha256 }) => [file, sha256]));
      for (const [file, sha256] of sources) say(`${sha256}  ${file}`);
      const questions = described.scenarios?.reduce((sum, scenario) => sum + scenario.questions, 0);
      print(`${questions} questions in ${described.scenarios?.length} scenarios, written to ${options.out}`);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('counts, metrics, sizes and hashes of a suite')
    .argument('<directory>', 'suite')
    .option('--questions', 'print the open questions, one a line')
    .option('--closed', 'with --questions: the closed ones too; needs the suite key')
    .option('--json', 'print reprise.suite-view/v1')
    .addHelpText('after', '\nExample:\n  reprise suite show examples/suites/addition')
    .action(async (directory: string, options: { questions?: true; closed?: true; json?: true }) => {
      if (options.questions) return printQuestions(directory, options.closed === true);
      const view = await viewSuite(settings(), directory);
      if (options.json) printJson(view);
      else print(viewText(view));
    });
}

function lintCommand(): Command {
  return new Command('lint')
    .description('everything that is wrong with a suite, by file and line')
    .argument('<directory>', 'suite')
    .option('--json', 'print reprise.suite-lint/v1')
    .addHelpText('after', '\nExample:\n  reprise suite lint examples/suites/addition')
    .action(async (directory: string, options: { json?: true }) => {
      const report = await lintSuite(settings(), directory);
      if (options.json) printJson(report);
      else print(lintText(report));
      if (report.errors.length > 0) process.exitCode = exitCodes.usage;
    });
}

function lintText({ errors, warnings }: LintReport): string {
  const next = errors.length === 0 ? [] : ['  Next: correct what is named (docs/suites.md describes the files), and run this again; warnings come when there are no errors.'];
  return [...errors.map((each) => `error    ${each}`), ...warnings.map((each) => `warning  ${each}`), ...next].join('\n') || 'Nothing is wrong.';
}

function encryptCommand(): Command {
  return new Command('encrypt')
    .description('copy a suite with its closed stage as one file that only the suite key opens')
    .argument('<directory>', 'suite')
    .requiredOption('--out <dir>', 'where to write; new or empty')
    .option('--json', 'print reprise.suite-sealed/v1')
    .addHelpText('after', '\nExample:\n  reprise suite encrypt private/suite --out suites/sealed')
    .action(async (directory: string, options: { out: string; json?: true }) => {
      const questions = await encryptSuite(settings(), directory, options.out);
      if (options.json) printJson({ schema: 'reprise.suite-sealed/v1', directory: options.out, questions });
      else print(`${questions} closed questions sealed in ${options.out}/closed.sealed; keep ${directory} where no submission is built`);
    });
}

function sampleCommand(): Command {
  return new Command('sample')
    .description('copy a coarse round of a suite: so many questions a stage, evenly over its scenarios')
    .argument('<directory>', 'suite')
    .requiredOption('--budget <n>', 'questions of each stage, perturbed copies included', wholeNumber)
    .requiredOption('--out <dir>', 'where to write; new or empty')
    .option('--seed <seed>', 'decides which', '1')
    .option('--json', 'print reprise.suite-sample/v1')
    .addHelpText('after', '\nExample:\n  reprise suite sample suites/final --budget 600 --out suites/coarse')
    .action(async (directory: string, options: { budget: number; out: string; seed: string; json?: true }) => {
      const taken = await sampleSuite(settings(), directory, options.out, options.budget, options.seed);
      if (options.json) printJson({ schema: 'reprise.suite-sample/v1', budget: options.budget, seed: options.seed, scenarios: taken });
      else print(columns(taken.map(({ stage, name, questions, of }) => [stage, name, `${questions} of ${of}`])).join('\n'));
    });
}

function settings(): SuiteSettings {
  return { settings: { suiteKeyFile: readConfig().suiteKeyFile } };
}

/** When all of it was read, so that a broken line leaves no half list. Closed text is printed only when it is asked for by name, to who has the key of closed suites. */
async function printQuestions(directory: string, withClosed: boolean): Promise<void> {
  if (withClosed) await readSuiteKey(settings().settings);
  await withSpool(tmpdir(), async (spool) => {
    const asked = startSpoolList<object>(spool);
    await visitSuite(directory, metricNames, openSealedWith(settings()), (stage, { scenario, question }) => {
      if (stage === 'open' || withClosed) asked.push({ stage, scenario, ...question });
    });
    for (const each of asked) print(JSON.stringify(each));
  });
}

function viewText({ name, version, canary, scenarios }: SuiteView): string {
  const heading = `${name}${version === undefined ? '' : ` ${version}`}`;
  const rows = scenarios.map(({ stage, name: scenario, questions, perturbed, promptBytes, metrics, sha256 }) => [
    stage,
    scenario,
    `${questions} questions${perturbed > 0 ? `, ${perturbed} of them perturbed` : ''}`,
    `prompts ${promptBytes.total} bytes, the longest ${promptBytes.most}`,
    sha256.slice(0, 12),
    metrics.join(', '),
  ]);
  return [heading, ...(canary === undefined ? [] : [`canary: ${canary}`]), ...columns(rows)].join('\n');
}
