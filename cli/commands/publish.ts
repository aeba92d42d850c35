import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { readConfig } from '../../infra/config.ts';
import { acceptOption, readAcceptances } from '../accept.ts';
import { exitCodes } from '../exit-codes.ts';
import { publishSource } from '../publish.ts';
import { renderPublication } from '../render-publication.ts';
import { print, printJson, say } from '../terminal.ts';
import { locate } from './audit.ts';

export function publishCommand(): Command {
  return new Command('publish')
    .description('write a copy of a submission and its git history with a marker in place of every secret')
    .argument('<source>', 'run, directory (with its .git), archive, or git:DIR')
    .argument('<directory>', 'new or empty directory: tree/, history.git/, publication.json, and what `reprise audit` verifies them with')
    .addOption(acceptOption())
    .option('--json', 'print reprise.publication/v1')
    .addHelpText('after', '\nExample:\n  reprise publish entries/team-7 public/team-7\n  reprise publish git:entries/team-7 public/team-7 --accept 3f9c2a1b0d4e5f60="test key of the ssh2 package"')
    .action(async (source: string, directory: string, options: { accept?: string[]; json?: true }) => {
      const config = readConfig();
      const publication = await publishSource(config, source, directory, readAcceptances(options.accept, config), (name) => locate(config, name));
      if (options.json) printJson(publication);
      else print(renderPublication(publication, directory));
      if (!publication.published) process.exitCode = exitCodes.no;
      else if (existsSync(config.signingKeyFile)) say(`Anyone can verify it: reprise audit ${directory} --key signing.pub.pem (give them that file by another way, too)`);
      else say(`It is not signed, so nobody can verify it: ${config.signingKeyFile} does not exist. \`reprise up\` makes it; REPRISE_SIGNING_KEY_FILE names another`);
    });
}
