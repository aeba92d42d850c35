import { setTimeout as wait } from 'node:timers/promises';
import { readConfig } from '../config.ts';
import { identify } from '../processes.ts';
import { adoptParts } from './adopt.ts';
import { boundLog } from './logs.ts';
import { readObserved, readWanted, writeObserved } from './state.ts';
import { attend, recordOf, wantedNames } from './attend.ts';

const lookEveryMs = 250;

/**
 * The supervising process: looks four times a second at what is wanted and what runs, and makes the one like the other. On
 * SIGTERM it goes and leaves everything running; the next one takes over by what it wrote.
 */
async function main(): Promise<void> {
  const config = readConfig();
  const supervisor = identify(process.pid);
  const environment = process.env['REPRISE_SUPERVISOR_ENVIRONMENT'];
  const held = adoptParts(readObserved(config).parts);
  let leaving = false;
  process.on('SIGTERM', () => (leaving = true));
  process.on('SIGHUP', () => undefined);
  let written = '';
  while (!leaving) {
    const wanted = readWanted(config);
    for (const name of wantedNames(held, wanted)) attend(config, held, name, wanted);
    const parts = [...held.values()].map(recordOf);
    const observed = { ...(supervisor && { supervisor }), ...(environment && { environment }), parts };
    if (JSON.stringify(observed) !== written) writeObserved(config, observed);
    written = JSON.stringify(observed);
    for (const { name } of parts) boundLog(config, name);
    await wait(lookEveryMs);
  }
}

await main();
