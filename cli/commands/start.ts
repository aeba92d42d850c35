import { Command, Option } from 'commander';
import { TrackName } from '../../domain/index.ts';
import type { Reprise } from '../connection.ts';
import { readConfig } from '../../infra/config.ts';
import { checkInputs, type RequestOptions } from '../prepare.ts';
import { acceptOption, readAcceptances } from '../accept.ts';
import { readGivenSecrets, secretOption } from '../secrets.ts';
import { startReproduction, type StartedRun } from '../start.ts';
import { nowAndThen, say } from '../terminal.ts';
import { printStarted, showUntilEnd, withConnection } from './runs.ts';

export interface StartOptions extends Omit<RequestOptions, 'accept' | 'secrets'> {
  accept?: string[];
  secret?: string[];
  watch?: true;
  json?: true;
}

export function startCommand(): Command {
  return addStartOptions(new Command('start'))
    .description('start a reproduction, or attach to the one that is under way')
    .argument('<source>', 'directory, git URL[#ref[:subdir]], .zip, .tar or .tar.gz')
    .option('--watch', 'follow it until it ends')
    .option('--json', 'print reprise.started/v1; with --watch the final state, reprise.run/v1')
    .addHelpText('after', '\nExample:\n  reprise start examples/addition --watch\n  reprise start https://example.org/team/entry.git#v1.0 --suite suites/qa --track cpu\n  HF_TOKEN=… reprise start entry --secret HF_TOKEN --secret NETRC=@netrc')
    .action(async (source: string, options: StartOptions) => {
      await checkInputs(readConfig(), source, options.suite);
      await withConnection(async (reprise) => {
        const started = await startFrom(reprise, source, options);
        if (options.watch) for (const each of started) await showUntilEnd(reprise, each, options.json === true);
        else printStarted(started, options.json === true);
      });
    });
}

export function addStartOptions(command: Command): Command {
  return command
    .option('--suite <dir>', 'questions; default: suites/<name> beside the submission')
    .addOption(new Option('--track <track>', 'hardware; default: the manifest’s, else cpu').choices(TrackName.options))
    .option('--as-of <date>', 'resolve dependencies as of this day (YYYY-MM-DD); default: the manifest’s, else the newest commit’s')
    .option('--submission <dir>', 'which submission, where the source holds several')
    .option('--all', 'every submission that the source holds')
    .option('--dockerfile <file>', 'Dockerfile that serves, where evidence does not find it')
    .option('--context <dir>', 'build context of that Dockerfile')
    .addOption(acceptOption())
    .addOption(secretOption())
    .option('--fresh', 'compute every stage anew');
}

/** Says on stderr where each run can be watched. */
export async function startFrom(reprise: Reprise, source: string, options: StartOptions): Promise<StartedRun[]> {
  const { secret = [], ...given } = options;
  const secrets = await readGivenSecrets(secret);
  const started = await startReproduction(reprise, source, { ...given, secrets, accept: readAcceptances(options.accept, reprise.config), onProgress: nowAndThen(say) });
  for (const { run, uiUrl, attached } of started) say(`${attached ? 'Attached to' : 'Started'} ${run}\n  ${uiUrl}`);
  return started;
}
