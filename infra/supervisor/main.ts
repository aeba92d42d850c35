import { setTimeout as wait } from 'node:timers/promises';
import { readConfig, type Config } from '../config.ts';
import { identify, type ProcessIdentity } from '../processes.ts';
import { adoptParts } from './adopt.ts';
import { attend, recordOf, wantedNames, type Held } from './attend.ts';
import { boundLog } from './logs.ts';
import { readObserved, readWanted, writeObserved, type Observed } from './state.ts';

const lookEveryMs = 250;

/**
 * The supervising process: looks four times a second at what is wanted and what runs, and makes the one like the other. On
 * SIGTERM it goes and leaves everything running; the next one takes over by what it wrote.
 */
async function main(): Promise<void> {
  const config = readConfig();
  const supervisor = identify(process.pid);
  if (!supervisor) throw new Error('/proc does not show this process');
  const environment = process.env['REPRISE_SUPERVISOR_ENVIRONMENT'] ?? '';
  const held = adoptParts(readObserved(config).parts);
  const leaving = new AbortController();
  process.on('SIGTERM', () => leaving.abort());
  process.on('SIGHUP', () => undefined);
  writeObserved(config, observedOf(supervisor, environment, held));
  while (!leaving.signal.aborted && isStillOurs(config, supervisor)) {
    try {
      look(config, supervisor, environment, held);
    } catch (error) {
      // A full disk must not end the one process that brings the others back; it tries again at the next look.
      process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), message: 'look failed', error: String(error) })}\n`);
    }
    await wait(lookEveryMs);
  }
}

let written = '';

function look(config: Config, supervisor: ProcessIdentity, environment: string, held: Held): void {
  const wanted = readWanted(config);
  for (const name of wantedNames(held, wanted)) attend(config, held, name, wanted);
  const observed = observedOf(supervisor, environment, held);
  const text = JSON.stringify(observed);
  if (text !== written) writeObserved(config, observed);
  written = text;
  for (const name of held.keys()) boundLog(config, name);
}

function observedOf(supervisor: ProcessIdentity, environment: string, held: Held): Observed {
  return { supervisor, environment, parts: [...held.values()].map(recordOf) };
}

/** Another one that wrote its name took over. */
function isStillOurs(config: Config, { pid, startedBy }: ProcessIdentity): boolean {
  const named = readObserved(config).supervisor;
  return named?.pid === pid && named.startedBy === startedBy;
}

await main();
