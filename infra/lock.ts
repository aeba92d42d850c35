import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { identify, isAlive, ProcessIdentity } from './processes.ts';

/** Does work while no other process holds the lock; a lock whose holder is gone is taken over. */
export async function withLock<Result>(path: string, onWait: (holder: number) => void, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await take(path))) {
    const holder = await holderOf(path);
    if (holder === 'gone') await rm(path, { force: true });
    else if (holder !== 'unknown') onWait(holder.pid);
    await wait(250);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(identify(process.pid)));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** `unknown`: released just now, or taken by somebody who has not written yet. */
async function holderOf(path: string): Promise<ProcessIdentity | 'gone' | 'unknown'> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return 'unknown';
  const holder = ProcessIdentity.safeParse(JSON.parse(text));
  return holder.success && isAlive(holder.data) ? holder.data : 'gone';
}
