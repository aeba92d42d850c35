import { Command } from 'commander';
import { readConfig } from '../../infra/config.ts';
import { doctor } from '../../infra/doctor.ts';
import { down, up } from '../../infra/stack.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderDiagnosis, renderParts, stackDocument } from '../render-stack.ts';
import { reportSetUp } from '../set-up-report.ts';
import { print, printJson, say } from '../terminal.ts';

export function upCommand(): Command {
  return new Command('up')
    .description('start the local stack: Docker, Temporal with its UI, S3, worker; sets up what is missing')
    .option('--json', 'print reprise.stack/v1')
    .addHelpText('after', '\nExample:\n  reprise up')
    .action(async ({ json }: { json?: true }) => {
      const config = readConfig();
      const status = await up(config, reportSetUp());
      if (json) printJson(stackDocument(status));
      else print([...renderParts(status.parts), `Temporal UI: ${config.temporalUiUrl}`].join('\n'));
    });
}

export function downCommand(): Command {
  return new Command('down')
    .description('stop the local stack; nothing is lost, `up` continues what was under way')
    .option('--engine', 'also stop the Docker engine that `up` started')
    .option('--json', 'print reprise.stack/v1')
    .addHelpText('after', '\nExample:\n  reprise down')
    .action(async ({ engine, json }: { engine?: true; json?: true }) => {
      const status = await down(readConfig(), reportSetUp(), { engine: engine === true });
      if (json) printJson(stackDocument(status));
      else say('The stack is down. `reprise up` continues the runs that were under way.');
    });
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is wrong with the stack and what to do about it')
    .option('--json', 'print reprise.doctor/v1')
    .addHelpText('after', '\nExample:\n  reprise doctor')
    .action(async ({ json }: { json?: true }) => {
      const report = await doctor(readConfig());
      if (json) printJson({ schema: 'reprise.doctor/v1', ...report });
      else print(renderDiagnosis(report));
      if (report.checks.some(({ status }) => status === 'failed')) process.exitCode = exitCodes.operator;
    });
}
