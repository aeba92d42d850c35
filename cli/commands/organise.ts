import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { checkContamination } from '../../activities/contamination/check.ts';
import { manifestName, parseManifest } from '../../activities/intake/manifest.ts';
import { outcomeOf } from '../../activities/failure.ts';
import { openSealedWith } from '../../activities/intake/suite.ts';
import { visitSuite } from '../../activities/intake/suite-files.ts';
import { withSpool } from '../../activities/io/spool.ts';
import { diagnoseRun } from '../../activities/report/diagnose.ts';
import { checkBaseModel, startCheckedQuestions } from '../../domain/contamination/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { readConfig } from '../../infra/config.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderContamination } from '../render-contamination.ts';
import { renderDiagnosis } from '../render-diagnosis.ts';
import { readText } from '../input.ts';
import { print, printJson } from '../terminal.ts';
import { locate } from './audit.ts';

export function diagnoseCommand(): Command {
  return new Command('diagnose')
    .description('what went wrong while a run was evaluated; of the closed stage as much as its submitter may see')
    .argument('<run>', 'run, workflow id, or a directory made by `reprise export`')
    .option('--organiser', 'everything, closed questions and answers included')
    .option('--suite-key <file>', 'key of the closed questions; default: this installation’s')
    .option('--json', 'print reprise.diagnosis/v1')
    .addHelpText('after', '\nExample:\n  reprise diagnose addition-3f9c2a1b0d')
    .action(async (name: string, options: { organiser?: true; suiteKey?: string; json?: true }) => {
      const config = readConfig();
      const source = { ...(await locate(config, name)), settings: { suiteKeyFile: options.suiteKey ?? config.suiteKeyFile } };
      await withSpool(tmpdir(), async (spool) => {
        const diagnosis = await diagnoseRun(source, options.organiser ? 'organiser' : 'submitter', spool);
        if (options.json) printJson(diagnosis);
        else print(renderDiagnosis(diagnosis));
      });
    });
}

export function contaminationCommand(): Command {
  return new Command('contamination')
    .description('whether training data holds a suite’s questions (13-grams, MinHash), and whether the base model is on the contest’s list')
    .argument('<suite>', 'directory of a suite; a sealed closed stage needs this installation’s key')
    .argument('<training...>', 'files or directories: .jsonl, .json, .parquet, text; .gz and .zst')
    .option('--base-model <name>', 'declared base model, as on the hub')
    .option('--submission <dir>', 'take the base model from its reprise.yaml')
    .option('--json', 'print reprise.contamination/v1')
    .addHelpText('after', '\nExample:\n  reprise contamination examples/suites/addition train.jsonl --base-model mistralai/Mistral-7B-v0.1')
    .action(async (suite: string, training: string[], options: { baseModel?: string; submission?: string; json?: true }) => {
      const questions = startCheckedQuestions();
      await visitSuite(suite, metricNames, openSealedWith({ settings: readConfig() }), (stage, { scenario, question }) => questions.add(stage, scenario, question));
      const declared = options.submission === undefined ? options.baseModel : await declaredBaseModel(options.submission);
      const baseModel = options.submission === undefined && declared === undefined ? undefined : checkBaseModel(declared);
      const report = await checkContamination(questions.finish(), training).catch((error: unknown) => {
        if (outcomeOf(error)?.code !== 'REQUEST_INVALID') throw error;
        throw new UsageError((error as Error).message, 'Name files or directories of training data: .jsonl, .json, .parquet, text; .gz and .zst.', { cause: error });
      });
      if (options.json) printJson({ ...report, ...(baseModel ? { baseModel } : {}) });
      else print(renderContamination(report, baseModel));
      if (report.questions.length > 0 || (baseModel && baseModel.verdict !== 'allowed')) process.exitCode = exitCodes.no;
    });
}

async function declaredBaseModel(submission: string): Promise<string | undefined> {
  const path = join(submission, manifestName);
  return parseManifest(Buffer.from(await readText(path)), path).manifest.baseModel;
}
