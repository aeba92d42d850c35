import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownScratch } from '../../infra/scratch.ts';

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'reprise-scratch-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const scratch = (): string[] => readdirSync(join(home, 'scratch')).toSorted();

/** A process that spools a file and waits. */
async function spooling(): Promise<{ directory: string; end(signal?: NodeJS.Signals): Promise<void> }> {
  const program = `
    import { writeFileSync } from 'node:fs';
    import { ownScratch } from '${new URL('../../infra/scratch.ts', import.meta.url).href}';
    const directory = ownScratch({ home: process.argv[1], cache: process.argv[1] });
    writeFileSync(directory + '/spool', 'x');
    console.log(directory);
    process.on('SIGTERM', () => process.exit());
    setInterval(() => {}, 1_000_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [directory] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    directory,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

it('is one directory a process, however often it is asked for, and goes with the process', async () => {
  const other = await spooling();
  const own = ownScratch({ home, cache: home });
  expect(ownScratch({ home, cache: home })).toBe(own);
  expect(scratch().map((name) => join(home, 'scratch', name))).toEqual([other.directory, own].toSorted());
  await other.end();
  expect(scratch()).toHaveLength(1);
});

it('takes away what killed processes of this machine left, and nothing else', async () => {
  const killed = await spooling();
  await killed.end('SIGKILL');
  const others = [`elsewhere.${process.pid}.0123456789ab`, `${hostname()}.of-a-person`];
  for (const name of others) mkdirSync(join(home, 'scratch', name));
  // The number of a process that runs, of an earlier start of the machine.
  const reused = `${hostname()}.${process.pid}.0123456789ab`;
  mkdirSync(join(home, 'scratch', reused));
  writeFileSync(join(home, 'scratch', reused, 'spool'), 'x');
  const own = ownScratch({ home, cache: home });
  expect(scratch().map((name) => join(home, 'scratch', name))).toEqual([own, ...others.map((name) => join(home, 'scratch', name))].toSorted());
});
