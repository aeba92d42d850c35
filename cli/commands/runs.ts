import { Command } from 'commander';
import { parsePrices, priceOf, totalCost, type Prices, type ReproductionRequest, type Run } from '../../domain/index.ts';
import { readConfig } from '../../infra/config.ts';
import { stackStatus, type StackStatus } from '../../infra/stack.ts';
import { acceptOption, readAcceptances } from '../accept.ts';
import { connect, type Reprise } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { wholeNumber } from '../input.ts';
import { withFarewell } from '../interrupt.ts';
import { followLogs } from '../logs.ts';
import { renderParts, stackDocument } from '../render-stack.ts';
import { renderEnded, renderList, renderRun, renderView } from '../render.ts';
import { findRun, isOpen, listRuns, readProgress, readRun, type FoundRun, type ListedRun } from '../runs.ts';
import { readGivenSecrets, secretOption, valuesFor } from '../secrets.ts';
import { startRequest, type StartedRun } from '../start.ts';
import { createLiveView, print, printJson, say } from '../terminal.ts';
import { finalState, watchRun } from '../watch.ts';

export function watchCommand(): Command {
  return new Command('watch')
    .description('follow a run until it ends')
    .argument('<run>', 'run, or workflow id for its newest run')
    .option('--json', 'print the final state, reprise.run/v1')
    .addHelpText('after', '\nExample:\n  reprise watch addition-3f9c2a1b0d')
    .action(async (name: string, { json }: { json?: true }) => {
      await withConnection(async (reprise) => showUntilEnd(reprise, await findRun(reprise, name), json === true));
    });
}

export function statusCommand(): Command {
  return new Command('status')
    .description('the state of a run; without one, of the local stack and how often its parts were started again')
    .argument('[run]', 'run, or workflow id for its newest run')
    .option('--json', 'print reprise.run/v1; without a run reprise.stack/v1')
    .addHelpText('after', '\nExample:\n  reprise status addition-3f9c2a1b0d --json')
    .action(async (name: string | undefined, { json }: { json?: true }) => {
      if (name === undefined) return showStack(json === true);
      await withConnection(async (reprise) => {
        const found = await findRun(reprise, name);
        const run = await readRun(found);
        const prices = parsePrices(reprise.config.prices);
        if (json) return printJson({ ...run, ...priced(run, prices) });
        const { progress, waiting } = await readProgress(found);
        print([...renderView({ run, progress, waiting }), renderRun(run, prices)].join('\n'));
      });
    });
}

export function logsCommand(): Command {
  return new Command('logs')
    .description('what the builds, the training and the servers printed')
    .argument('<run>', 'run, or workflow id for its newest run')
    .option('--stage <stage>', 'only this stage: build, train, evaluate-open, …')
    .option('--follow', 'go on until the run ends')
    .addHelpText('after', '\nExample:\n  reprise logs addition-3f9c2a1b0d --stage train --follow')
    .action(async (name: string, options: { stage?: string; follow?: true }) => {
      await withConnection(async (reprise) => {
        for await (const line of followLogs(reprise, await findRun(reprise, name), options)) print(line);
      });
    });
}

export function cancelCommand(): Command {
  return new Command('cancel')
    .description('stop a run: its containers end, what it stored stays')
    .argument('<run>', 'run, or workflow id for its newest run')
    .option('--json', 'print reprise.run/v1')
    .addHelpText('after', '\nExample:\n  reprise cancel addition-3f9c2a1b0d')
    .action(async (name: string, { json }: { json?: true }) => {
      await withConnection(async (reprise) => {
        const found = await findRun(reprise, name);
        if (!(await isOpen(found))) throw new UsageError(`${found.run} has ended already`, 'See `reprise status` for what it came to.');
        await found.handle.cancel();
        say(`Cancelling ${found.run}; waiting until its containers have ended.`);
        const run = await finalState(found);
        if (json) printJson(run);
        else print(renderRun(run));
      });
    });
}

export function retryCommand(): Command {
  return new Command('retry')
    .description('run the same request again; stages that succeeded are taken from the store')
    .argument('<run>', 'run, or workflow id for its newest run')
    .addOption(acceptOption())
    .addOption(secretOption())
    .option('--fresh', 'compute every stage anew')
    .option('--watch', 'follow it until it ends')
    .option('--json', 'print reprise.started/v1; with --watch the final state, reprise.run/v1')
    .addHelpText('after', '\nExample:\n  reprise retry addition-3f9c2a1b0d --watch')
    .action(async (name: string, options: { accept?: string[]; secret?: string[]; fresh?: true; watch?: true; json?: true }) => {
      await withConnection(async (reprise) => {
        const before = await findRun(reprise, name);
        const { secrets: asked, ...request } = await requestOf(before);
        const secrets = valuesFor(asked?.names ?? [], await readGivenSecrets(options.secret ?? []));
        const submission = before.workflowId.replace(/-[0-9a-f]{10}$/, '');
        const accept = [...(request.accept ?? []), ...readAcceptances(options.accept, reprise.config)];
        const started = await startRequest(reprise, submission, { ...request, ...(accept.length > 0 && { accept }), fresh: options.fresh === true }, secrets);
        say(`${started.attached ? 'Already running' : 'Started'}: ${started.run}\n${started.uiUrl}`);
        if (options.watch) await showUntilEnd(reprise, started, options.json === true);
        else printStarted([started], options.json === true);
      });
    });
}

export function listCommand(): Command {
  return new Command('list')
    .description('runs, the newest first')
    .option('--filter <query>', "Temporal list filter, e.g. \"RepriseFault = 'submission'\"")
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .option('--json', 'print reprise.runs/v1')
    .addHelpText('after', "\nExample:\n  reprise list --filter \"RepriseTrack = 'cpu' AND RepriseScore > 0.5\"")
    .action(async ({ filter, limit, json }: { filter?: string; limit: number; json?: true }) => {
      await withConnection(async (reprise) => {
        const runs: ListedRun[] = [];
        for await (const run of listRuns(reprise, filter)) if (runs.push(run) >= limit) break;
        if (json) printJson({ schema: 'reprise.runs/v1', runs });
        else print(renderList(runs));
      });
    });
}

/** What a run costs by the operator's table; nothing where there is none, or nothing was measured. */
function priced({ stages }: Run, prices: Prices | undefined): { price?: { amount: number; currency: string } } {
  const costs = stages.flatMap(({ cost }) => (cost ? [cost] : []));
  return prices && costs.length > 0 ? { price: { amount: priceOf(totalCost(costs), prices), currency: prices.currency } } : {};
}

function unattended({ parts, supervised }: StackStatus): string[] {
  if (parts.every(({ status }) => status === 'stopped')) return ['The stack is down; `reprise up` starts it.'];
  return supervised ? [] : ['Nobody starts again what dies: run `reprise up`.'];
}

async function showStack(json: boolean): Promise<void> {
  const status = await stackStatus(readConfig());
  if (json) printJson(stackDocument(status));
  else print([...renderParts(status.parts), ...unattended(status)].join('\n'));
}

export function printStarted(runs: readonly StartedRun[], json: boolean): void {
  if (json) printJson({ schema: 'reprise.started/v1', runs: runs.map(({ run, workflowId, uiUrl, attached }) => ({ run, workflowId, uiUrl, attached })) });
  else for (const { run } of runs) print(run);
}

/** Draws a run until it has ended, prints its final state, and sets the exit code. */
export async function showUntilEnd(reprise: Reprise, found: FoundRun, json: boolean): Promise<void> {
  const run = await drawUntilEnd(reprise, found);
  if (json) printJson(run);
  else print(renderRun(run, parsePrices(reprise.config.prices)));
  process.exitCode = exitCodeOfRun(run);
}

export async function drawUntilEnd(reprise: Reprise, found: FoundRun): Promise<Run> {
  return withFarewell(`\n${found.run} goes on. Follow it: reprise watch ${found.run}; stop it: reprise cancel ${found.run}`, () => drawViews(reprise, found));
}

async function drawViews(reprise: Reprise, found: FoundRun): Promise<Run> {
  const view = createLiveView();
  const views = watchRun(reprise, found);
  let next = await views.next();
  while (!next.done) {
    view.draw(process.stderr.isTTY ? renderView(next.value) : renderEnded(next.value));
    next = await views.next();
  }
  view.end();
  return next.value;
}

export async function withConnection(use: (reprise: Reprise) => Promise<void>): Promise<void> {
  const reprise = await connect(readConfig());
  try {
    await use(reprise);
  } finally {
    await reprise.close();
  }
}

/** The request that a run was started with, from its history. */
async function requestOf({ handle }: FoundRun): Promise<ReproductionRequest> {
  const { events } = await handle.fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload?.data) throw new Error('the history of the run does not start with its request');
  return JSON.parse(Buffer.from(payload.data).toString('utf8')) as ReproductionRequest;
}
