import { Command, CommanderError } from 'commander';
import { readVersion } from '../activities/attest/version.ts';
import { describeError, exitCodes } from './exit-codes.ts';
import { analyseCommand, resultsCommand } from './commands/analyse.ts';
import { auditCommand, exportCommand } from './commands/audit.ts';
import { checkCommand, pinCommand, scanCommand } from './commands/inspect.ts';
import { judgeCommand } from './commands/judge.ts';
import { contaminationCommand, diagnoseCommand } from './commands/organise.ts';
import { publishCommand } from './commands/publish.ts';
import { reproduceCommand } from './commands/reproduce.ts';
import { cancelCommand, listCommand, logsCommand, retryCommand, statusCommand, watchCommand } from './commands/runs.ts';
import { eliminateCommand, metricCommand, rescoreCommand, scoreCommand } from './commands/score.ts';
import { doctorCommand, downCommand, upCommand } from './commands/stack.ts';
import { startCommand } from './commands/start.ts';
import { suiteCommand } from './commands/suite.ts';
import { printJson, paint, say } from './terminal.ts';

/** Runs one command and gives the exit code of exit-codes.ts. */
export async function main(argv: string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return Number(process.exitCode ?? exitCodes.holds);
  } catch (error) {
    return endWith(error, argv.includes('--json'));
  }
}

export function createProgram(): Command {
  const program = new Command('reprise')
    .description('Takes a machine-learning submission and proves whether it reproduces.')
    .version(readVersion())
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('  Next: reprise --help lists the commands.');
  const commands = [
    [reproduceCommand(), upCommand(), downCommand(), doctorCommand()],
    [startCommand(), watchCommand(), statusCommand(), logsCommand(), cancelCommand(), retryCommand(), listCommand()],
    [checkCommand(), pinCommand(), scanCommand()],
    [suiteCommand()],
    [scoreCommand(), eliminateCommand(), metricCommand(), rescoreCommand()],
    [analyseCommand(), resultsCommand(), judgeCommand(), contaminationCommand(), diagnoseCommand()],
    [auditCommand(), exportCommand(), publishCommand()],
  ];
  for (const command of commands.flat()) program.addCommand(settled(command, 'reprise'));
  return program;
}

/** What commander hands down to no command that was made by itself. */
function settled(command: Command, above: string): Command {
  const name = `${above} ${command.name()}`;
  for (const below of command.commands) settled(below, name);
  return command.exitOverride().showHelpAfterError(`  Next: ${name} --help says what it takes.`);
}

function endWith(error: unknown, json: boolean): number {
  // commander throws for --help and --version as well; it has printed what was asked for.
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.holds;
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  const report = describeError(error);
  const isCommander = error instanceof CommanderError;
  if (json) printJson({ schema: 'reprise.error/v1', ...report });
  // commander has printed its own message already.
  else if (!isCommander) say(`${paint('red', `error ${report.code}`)}: ${report.message}\n  Next: ${report.nextStep}`);
  if (process.env['REPRISE_LOG_LEVEL'] === 'debug' && error instanceof Error) say(error.stack ?? '');
  return report.exitCode;
}
