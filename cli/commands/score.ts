import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { rescoreHelm } from '../../activities/rescore/index.ts';
import { metricNames, scorePair } from '../../domain/metrics/index.ts';
import { rank, ruleNames, type RuleName } from '../../domain/ranking/index.ts';
import { type Elimination, eliminationOf, type EliminationOptions } from '../../domain/analysis/index.ts';
import type { ParityReport, Results } from '../../domain/results.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { count, readText, resultsOf, wholeNumber } from '../input.ts';
import { renderElimination, renderParity, renderScores } from '../render-scores.ts';
import { print, printJson } from '../terminal.ts';

export function scoreCommand(): Command {
  return new Command('score')
    .description('rank models from a table of stored results')
    .argument('<results>', 'reprise.results/v1 file')
    .addOption(new Option('--rule <rule>', 'how values become ranks').choices(ruleNames).makeOptionMandatory())
    .option('--seed <seed>', 'decides every draw', '1')
    .option('--bootstrap <n>', 'replicates; 0 leaves intervals out', count, 10_000)
    .option('--json', 'print reprise.scores/v1')
    .addHelpText('after', '\nExample:\n  reprise score results.json --rule contest-2023')
    .action(async (path: string, options: { rule: RuleName; seed: string; bootstrap: number; json?: true }) => {
      const scores = rank(resultsOf(path, await readText(path)), options.rule, { seed: options.seed, bootstrap: options.bootstrap });
      if (options.json) printJson(scores);
      else print(renderScores(scores));
    });
}

export function eliminateCommand(): Command {
  return new Command('eliminate')
    .description('which models of a coarse round need no further questions, with a bound on being wrong')
    .argument('<results>', 'reprise.results/v1 file with values of single questions, as `reprise results` writes it')
    .requiredOption('--keep <n>', 'how many of the best are wanted', wholeNumber)
    .option('--risk <p>', 'bound on the probability that any of them is eliminated, however often one looks', probability, 0.05)
    .option('--seed <seed>', 'puts the questions into a random order', '1')
    .option('--in-order', 'take them as they stand: for rounds that `suite sample` drew, each larger than the one before')
    .option('--json', 'print reprise.elimination/v1')
    .addHelpText('after', `
Example:
  reprise eliminate examples/results/contest.json --keep 3

A coarse round from its beginning:
  reprise suite sample suites/final --budget 600 --out suites/coarse
  reprise start entries/a --suite suites/coarse --watch    # and each other entry
  reprise results RUN RUN RUN > coarse.json
  reprise eliminate coarse.json --keep 5 --risk 0.05 --in-order
  reprise suite sample suites/final --budget 2000 --out suites/finer    # for those that stay; holds the 600 of before`)
    .action(async (path: string, options: { keep: number; risk: number; seed: string; inOrder?: true; json?: true }) => {
      const results = resultsOf(path, await readText(path));
      const elimination = eliminated(path, results, { keep: options.keep, risk: options.risk, seed: options.inOrder ? undefined : options.seed });
      if (options.json) printJson(elimination);
      else print(renderElimination(elimination));
    });
}

function eliminated(path: string, results: Results, options: EliminationOptions): Elimination {
  try {
    return eliminationOf(results, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${path}: ${error.message}`, 'Collect the table with `reprise results`, with the key of the closed questions.', { cause: error });
  }
}

function probability(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It is a number between 0 and 1.');
}

const Pair = z.strictObject({ prediction: z.string().nullable(), references: z.array(z.string()) });

export function metricCommand(): Command {
  return new Command('metric')
    .description("one metric, by HELM's name, over pairs of answers and references")
    .addArgument(new Command().createArgument('<name>', 'metric').choices([...metricNames]))
    .argument('<pairs>', 'lines {"prediction": string|null, "references": [string]}')
    .addHelpText('after', '\nExample:\n  reprise metric quasi_exact_match pairs.jsonl')
    .action(async (name: string, path: string) => {
      const lines = (await readText(path)).split('\n');
      if (lines.at(-1) === '') lines.pop();
      if (lines.length === 0) throw new UsageError(`${path}: is empty`, 'A line reads {"prediction": string|null, "references": [string]}.');
      // Checked as a whole before the first value is printed, so that a broken line leaves no half result.
      const pairs = lines.map((line, index) => pairOf(path, line, index + 1));
      for (const { prediction, references } of pairs) print(JSON.stringify({ value: scorePair(name, prediction, references) }));
    });
}

export function rescoreCommand(): Command {
  return new Command('rescore')
    .description('recompute every metric of a HELM run directory from its stored answers, and compare')
    .requiredOption('--helm <dir>', 'run directory with scenario_state.json and per_instance_stats.json')
    .option('--json', 'print reprise.parity/v1')
    .addHelpText('after', '\nExample:\n  reprise rescore --helm benchmark_output/runs/v1/mmlu:subject=anatomy')
    .action(async ({ helm, json }: { helm: string; json?: true }) => {
      const report: ParityReport = await rescoreHelm(helm);
      if (json) printJson(report);
      else print(renderParity(report));
      if (report.differing.length > 0) process.exitCode = exitCodes.no;
    });
}

function pairOf(path: string, line: string, number: number): z.infer<typeof Pair> {
  const wrong = (reason: string, cause?: unknown): UsageError =>
    new UsageError(`${path} line ${number}: ${reason}`, 'A line reads {"prediction": string|null, "references": [string]}.', { cause });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw wrong('not JSON', error);
  }
  const pair = Pair.safeParse(value);
  if (pair.success) return pair.data;
  throw wrong(pair.error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`).join('; '));
}
