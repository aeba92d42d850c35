import { Command, Option } from 'commander';
import { checkPaths } from '../../activities/check/check.ts';
import { checkSarif } from '../../activities/check/sarif.ts';
import { checkText, hasErrors } from '../../activities/check/text.ts';
import { toSarif } from '../../activities/scan/sarif.ts';
import { readConfig } from '../../infra/config.ts';
import { readVersion } from '../../activities/attest/version.ts';
import { exitCodes } from '../exit-codes.ts';
import { portNumber } from '../input.ts';
import { buildLine, isPinned } from '../pin-builds.ts';
import { pinTo, predictionLine, type PinOptions } from '../pin.ts';
import { renderScan } from '../render.ts';
import { scanTarget } from '../scan.ts';
import { nowAndThen, print, printJson, say } from '../terminal.ts';

type Format = 'text' | 'json' | 'sarif';

export function checkCommand(): Command {
  return new Command('check')
    .description('everything that is visible without building; reads and executes nothing')
    .argument('<path...>', 'directories or Dockerfiles')
    .addOption(formatOption())
    .option('--json', 'the same as --format json: reprise.check/v1')
    .option('--port <port>', 'port at which the server is asked; default: the manifest’s, else 80', portNumber)
    .option('--inputs', 'list every external input, not only those that resist')
    .addHelpText('after', '\nExample:\n  reprise check examples/addition')
    .action(async (paths: string[], options: { format: Format; json?: true; port?: number; inputs?: true }) => {
      const report = await checkPaths(paths, options.port === undefined ? {} : { port: options.port });
      const format = options.json ? 'json' : options.format;
      if (format === 'text') print(checkText(report, { inputs: options.inputs === true }));
      else printJson(format === 'json' ? report : checkSarif(report, readVersion()));
      if (hasErrors(report)) process.exitCode = exitCodes.no;
    });
}

export function pinCommand(): Command {
  return new Command('pin')
    .description('pin what the Dockerfiles of a submission take in; writes the pinned Dockerfiles, their diffs and pin-report.json')
    .argument('<path>', 'directory, git URL or archive')
    .requiredOption('--out <dir>', 'where to write')
    .option('--as-of <date>', 'resolve as of this day (YYYY-MM-DD)')
    .option('--predict', 'also write <role>.predicted.txt: what pip would install, without building; needs the program uv')
    .option('--python <version>', 'Python of the images, for --predict', '3.10')
    .addOption(new Option('--record', 'also build, and record what the builds take in to DIR/recording').conflicts('replay'))
    .addOption(new Option('--replay', 'build twice from DIR and its recording, without any server, and compare; 1 unless all is pinned'))
    .option('--json', 'print reprise.pin-report/v1 (docs/pin-report.md)')
    .addHelpText('after', '\nExample:\n  reprise pin examples/addition --out pinned/ --record\n  reprise pin examples/addition --out pinned/ --replay')
    .action(async (path: string, options: PinOptions & { json?: true }) => {
      const { pinReport, predictions, builds } = await pinTo(readConfig(), path, options, nowAndThen(say));
      if (options.json) printJson(pinReport);
      else print([pinReport.summary, ...predictions.map(predictionLine), ...builds.map(buildLine), `Written to ${options.out}`].join('\n'));
      if (options.replay && !builds.every(isPinned)) process.exitCode = exitCodes.no;
    });
}

export function scanCommand(): Command {
  return new Command('scan')
    .description('find secrets: in a directory, in git history, in every layer of an image, in archives of archives')
    .argument('<target>', 'path, git:DIR, image:REF, or an archive')
    .addOption(formatOption())
    .option('--json', 'the same as --format json: reprise.scan/v1')
    .addHelpText('after', '\nExample:\n  reprise scan examples/addition\n  reprise scan git:.\n  reprise scan image:my/entry:latest')
    .action(async (target: string, options: { format: Format; json?: true }) => {
      const report = await scanTarget(readConfig(), target);
      const format = options.json ? 'json' : options.format;
      if (format === 'text') print(renderScan(report));
      else printJson(format === 'json' ? report : toSarif(report));
      // What could not be read may hold anything: an incomplete scan is never a clean one.
      if (!report.complete || report.findings.some(({ severity }) => severity === 'block')) process.exitCode = exitCodes.no;
    });
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print the report').choices(['text', 'json', 'sarif']).default('text');
}
