import { setTimeout as wait } from 'node:timers/promises';
import { readConfig, type Config } from '../config.ts';
import { endProcess, identify, type ProcessIdentity } from '../processes.ts';
import { adoptParts } from './adopt.ts';
import { attend, recordOf, wantedNames, type Held } from './attend.ts';
import { boundLog } from './logs.ts';
import { ensureStandby, isStandby, untilNeeded } from './standby.ts';
import { readObserved, readWanted, writeObserved, type Observed } from './state.ts';

const lookEveryMs = 250;

/**
 * The supervising process: looks four times a second at what is wanted and what runs, and makes the one like the other. A second
 * one stands by and takes over where the first is killed, by what it wrote. On SIGTERM both go and leave everything running.
 */
async function main(): Promise<void> {
  const config = readConfig();
  const own = identify(process.pid);
  if (!own) throw new Error('/proc does not show this process');
  const leaving = new AbortController();
  process.on('SIGTERM', () => leaving.abort());
  process.on('SIGHUP', () => undefined);
  // Our log is on the disk that may be full.
  process.stderr.on('error', () => undefined);
  if (isStandby(process.argv) && !(await untilNeeded(config, own, lookEveryMs, leaving.signal))) return;
  await supervise(config, own, leaving.signal);
}

async function supervise(config: Config, supervisor: ProcessIdentity, leaving: AbortSignal): Promise<void> {
  const environment = process.env['REPRISE_SUPERVISOR_ENVIRONMENT'] ?? '';
  const held = adoptParts(readObserved(config).parts);
  let standby: ProcessIdentity | undefined;
  await claim(config, observedOf({ supervisor, environment }, held), leaving);
  while (!leaving.aborted && isStillOurs(config, supervisor)) {
    try {
      standby = ensureStandby(config, standby);
      look(config, { supervisor, environment, ...(standby && { standby }) }, held);
    } catch (error) {
      // A full disk must not end the one process that brings the others back; it tries again at the next look.
      tell('look failed', error);
    }
    await wait(lookEveryMs);
  }
  if (standby) endProcess(standby, 'SIGTERM');
}

/** Nobody supervises before his name is written: on a full disk that is tried until there is room. */
async function claim(config: Config, observed: Observed, leaving: AbortSignal): Promise<void> {
  while (!leaving.aborted) {
    try {
      return writeObserved(config, observed);
    } catch (error) {
      tell('name not written', error);
      await wait(lookEveryMs);
    }
  }
}

function tell(message: string, error: unknown): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), message, error: String(error) })}\n`);
}

let written = '';

type Named = Pick<Observed, 'supervisor' | 'standby' | 'environment'>;

function look(config: Config, named: Named, held: Held): void {
  const wanted = readWanted(config);
  for (const name of wantedNames(held, wanted)) attend(config, held, name, wanted);
  const observed = observedOf(named, held);
  const text = JSON.stringify(observed);
  if (text !== written) writeObserved(config, observed);
  written = text;
  for (const name of held.keys()) boundLog(config, name);
}

function observedOf(named: Named, held: Held): Observed {
  return { ...named, parts: [...held.values()].map(recordOf) };
}

/** Another one that wrote its name took over. */
function isStillOurs(config: Config, { pid, startedBy }: ProcessIdentity): boolean {
  const named = readObserved(config).supervisor;
  return named?.pid === pid && named.startedBy === startedBy;
}

await main();
