import { Command } from 'commander';
import { readConfig } from '../../infra/config.ts';
import { up } from '../../infra/stack.ts';
import { connect } from '../connection.ts';
import { exitCodes } from '../exit-codes.ts';
import { reportSetUp } from '../set-up-report.ts';
import { addStartOptions, startFrom, type StartOptions } from './start.ts';
import { audit, showAudit } from './audit.ts';
import { showUntilEnd } from './runs.ts';

/** Everything in one command: set-up, start, watch, audit. What `npm run reproduce` calls. */
export function reproduceCommand(): Command {
  return addStartOptions(new Command('reproduce'))
    .description('set up what is missing, start a reproduction, follow it to its score, and audit what was stored')
    .argument('<source>', 'directory, git URL[#ref[:subdir]], .zip, .tar or .tar.gz')
    .addHelpText('after', '\nExample:\n  reprise reproduce examples/addition')
    .action(async (source: string, options: StartOptions) => {
      const config = readConfig();
      await up(config, reportSetUp());
      // Read again: `up` has made the keys of the local store.
      const reprise = await connect(readConfig());
      try {
        const [started] = await startFrom(reprise, source, options);
        if (!started) return;
        await showUntilEnd(reprise, started, options.json === true);
        const verdict = process.exitCode;
        showAudit(await audit(reprise.config, reprise.store, started.run, { rescore: true }), false);
        if (process.exitCode !== exitCodes.evidence) process.exitCode = verdict;
      } finally {
        await reprise.close();
      }
    });
}
