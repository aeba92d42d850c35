import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { Command, Option } from 'commander';
import { readVersion } from '../../activities/attest/version.ts';
import { collectResults, type MetricChoice, metricChoices } from '../../activities/report/collect.ts';
import { analyse } from '../../domain/analysis/index.ts';
import { ruleNames, type RuleName } from '../../domain/ranking/index.ts';
import { readConfig } from '../../infra/config.ts';
import { count, readText, resultsOf } from '../input.ts';
import { renderAnalysis } from '../render-analysis.ts';
import { print, printJson, say } from '../terminal.ts';
import { locate } from './audit.ts';

interface AnalyseOptions {
  rule: RuleName;
  seed: string;
  bootstrap: number;
  out?: string;
  json?: true;
}

export function analyseCommand(): Command {
  return new Command('analyse')
    .description('how certain a ranking is: stages, scenarios, coarse rounds, what decides each place, training time')
    .argument('<results>', 'reprise.results/v1 file')
    .addOption(new Option('--rule <rule>', 'how values become ranks').choices(ruleNames).default('contest-2023'))
    .option('--seed <seed>', 'decides every draw', '1')
    .option('--bootstrap <n>', 'replicates; 0 leaves intervals out', count, 10_000)
    .option('--out <dir>', 'write report.html, analysis.json, data/*.csv and figures/*.svg')
    .option('--json', 'print reprise.analysis/v1')
    .addHelpText('after', '\nExample:\n  reprise analyse examples/results/contest.json --out report/')
    .action(async (path: string, { rule, seed, bootstrap, out, json }: AnalyseOptions) => {
      const text = await readText(path);
      const analysis = analyse(resultsOf(path, text), { rule, seed, bootstrap });
      if (out !== undefined) {
        const source = { results: { name: basename(path), sha256: createHash('sha256').update(text).digest('hex') }, version: readVersion() };
        // Loaded where it is needed: the plotting library would slow every other command down.
        const { writeReport } = await import('../../activities/report/write.ts');
        const written = await writeReport(analysis, source, out);
        say(`${written.length} files in ${out}; open ${join(out, 'report.html')}`);
      }
      if (json) printJson(analysis);
      else print(renderAnalysis(analysis));
    });
}

export function resultsCommand(): Command {
  return new Command('results')
    .description('a results table from stored runs of one suite, for `score` and `analyse`')
    .argument('<run...>', 'runs, workflow ids, or directories made by `reprise export`')
    .option('--suite-key <file>', 'key of the closed questions; default: this installation’s')
    .option('--public', 'without the values of single closed questions')
    .addOption(new Option('--metrics <which>', 'first: a column a scenario, its score; all: a column a metric, as in the contest’s tables').choices(metricChoices).default('first'))
    .addHelpText('after', '\nExample:\n  reprise results addition-3f9c2a1b0d other-1a2b3c4d5e > results.json')
    .action(async (names: string[], options: { suiteKey?: string; public?: true; metrics: MetricChoice }) => {
      const config = readConfig();
      const settings = { suiteKeyFile: options.suiteKey ?? config.suiteKeyFile };
      const sources = await Promise.all(names.map(async (name) => ({ ...(await locate(config, name)), settings })));
      const { results, notes } = await collectResults(sources, { withoutClosedItems: options.public === true, metrics: options.metrics });
      for (const note of notes) say(note);
      if (results.models.length === 1) say('One model alone cannot be ranked; name more runs.');
      printJson(results);
    });
}
