import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../activities/io/subprocess.ts';
import type { AimOf } from './aim.ts';
import type { World } from './world.ts';

/** What is around the parts fails for a while. `mend` must undo all of it. */
function surroundingsFault(what: string, beatsCount: boolean, spoil: (world: World) => Promise<void>, mend: (world: World) => Promise<void>): AimOf {
  return async (world, { durationMs }) => ({
    what: `${what} for ${durationMs} ms`,
    async strike() {
      await spoil(world);
      try {
        await sleep(durationMs);
      } finally {
        await mend(world);
      }
    },
    isUp: async () => true,
    beatsCount,
  });
}

const well = async ({ store }: World): Promise<void> => store.behave('well');

export const storeFailing = surroundingsFault('the store refuses, or loses answers,', false, async ({ store }) => store.behave('failing'), well);
export const storeSlow = surroundingsFault('the store takes seconds', false, async ({ store }) => store.behave('slow'), well);

/** The loopback of the world: the worker reaches neither Temporal nor the store, and Temporal not itself; the engine's socket stays. */
export const networkCut = surroundingsFault('no network', true, () => setLink('down'), () => setLink('up'));

async function setLink(state: 'up' | 'down'): Promise<void> {
  const { exitCode, stderr } = await run('ip', ['link', 'set', 'lo', state]);
  if (exitCode !== 0) throw new Error(`ip link set lo ${state}: ${stderr}`);
}

/** Of the disk with everything of the platform's: objects, Temporal's database, logs, what is spooled. */
export const diskFull = surroundingsFault('no disk space', false, fillDisk, ({ scratch }) => rm(fillerOf(scratch), { force: true }));

async function fillDisk({ scratch }: World): Promise<void> {
  let offset = 0;
  for (let round = 0; round < 5; round += 1) {
    const { bavail, bsize } = await statfs(join(scratch, 'home'));
    const length = Math.floor(bavail / 2 ** (round % 2)) * bsize;
    if (length > 0) await run('fallocate', ['--offset', String(offset), '--length', String(length), fillerOf(scratch)]);
    offset += length;
  }
}

function fillerOf(scratch: string): string {
  return join(scratch, 'home', 'filler');
}
