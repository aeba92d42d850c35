import { Command, Option } from 'commander';
import { z } from 'zod';
import { rescoreHelm } from '../../activities/rescore/index.ts';
import { metricNames, scorePair } from '../../domain/metrics/index.ts';
import { rank, ruleNames, type RuleName } from '../../domain/ranking/index.ts';
import type { ParityReport } from '../../domain/results.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { readText, resultsOf } from '../input.ts';
import { renderParity, renderScores } from '../render-scores.ts';
import { print, printJson } from '../terminal.ts';

export function scoreCommand(): Command {
  return new Command('score')
    .description('rank models from a table of stored results')
    .argument('<results>', 'reprise.results/v1 file')
    .addOption(new Option('--rule <rule>', 'how values become ranks').choices(ruleNames).makeOptionMandatory())
    .option('--seed <seed>', 'decides every draw', '1')
    .option('--bootstrap <n>', 'replicates; 0 leaves intervals out', '10000')
    .option('--json', 'print reprise.scores/v1')
    .addHelpText('after', '\nExample:\n  reprise score results.json --rule contest-2023')
    .action(async (path: string, options: { rule: RuleName; seed: string; bootstrap: string; json?: true }) => {
      const scores = rank(resultsOf(path, await readText(path)), options.rule, { seed: options.seed, bootstrap: Number(options.bootstrap) });
      if (options.json) printJson(scores);
      else print(renderScores(scores));
    });
}

const Pair = z.strictObject({ prediction: z.string().nullable(), references: z.array(z.string()) });

export function metricCommand(): Command {
  return new Command('metric')
    .description(`one metric, by HELM's name: ${[...metricNames].join(', ')}`)
    .addArgument(new Command().createArgument('<name>', 'metric').choices([...metricNames]))
    .argument('<pairs>', 'lines {"prediction": string|null, "references": [string]}')
    .addHelpText('after', '\nExample:\n  reprise metric quasi_exact_match pairs.jsonl')
    .action(async (name: string, path: string) => {
      const lines = (await readText(path)).split('\n');
      if (lines.at(-1) === '') lines.pop();
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
