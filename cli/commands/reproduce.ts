import { parsePrices } from '../../domain/index.ts';
import { Command } from 'commander';
import { readConfig } from '../../infra/config.ts';
import { up } from '../../infra/stack.ts';
import { connect } from '../connection.ts';
import { exitCodeOfRun, exitCodes } from '../exit-codes.ts';
import { renderAudit, renderRun } from '../render.ts';
import { checkInputs } from '../prepare.ts';
import { reportSetUp } from '../set-up-report.ts';
import { addStartOptions, startFrom, type StartOptions } from './start.ts';
import { print, printJson } from '../terminal.ts';
import { audit } from './audit.ts';
import { drawUntilEnd } from './runs.ts';

/** Everything in one command: set-up, start, watch, audit. What `npm run reproduce` calls. */
export function reproduceCommand(): Command {
  return addStartOptions(new Command('reproduce'))
    .description('set up what is missing, start a reproduction, follow it to its score, and audit what was stored')
    .argument('<source>', 'directory, git URL[#ref[:subdir]], .zip, .tar or .tar.gz')
    .option('--json', 'print reprise.reproduction/v1: run and audit')
    .addHelpText('after', '\nExample:\n  reprise reproduce examples/addition')
    .action(async (source: string, options: StartOptions) => {
      const config = readConfig();
      await checkInputs(config, source, options.suite);
      await up(config, reportSetUp());
      // Read again: `up` has made the keys of the local store.
      const reprise = await connect(readConfig());
      try {
        const [started] = await startFrom(reprise, source, options);
        if (!started) return;
        const run = await drawUntilEnd(reprise, started);
        const report = await audit(reprise.config, reprise.store, started.run, { rescore: true });
        if (options.json) printJson({ schema: 'reprise.reproduction/v1', run, audit: report });
        else print(`${renderRun(run, parsePrices(reprise.config.prices))}\n${renderAudit(report)}`);
        process.exitCode = report.verified ? exitCodeOfRun(run) : exitCodes.evidence;
      } finally {
        await reprise.close();
      }
    });
}
