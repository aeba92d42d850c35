import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { limits } from '../domain/index.ts';
import type { Problem } from './step.ts';

/** Free bytes for this user on the file system of a directory. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Whether there is enough space to start anything (`limits.freeDiskBytes`). */
export async function checkDisk(directory: string): Promise<'ok' | Problem> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const free = await freeBytes(directory);
  if (free >= limits.freeDiskBytes) return 'ok';
  return {
    problem: `${gib(free)} GiB are free on the disk of ${directory}, and ${gib(limits.freeDiskBytes)} GiB are needed`,
    nextStep: 'Free space there, for instance with `docker system prune`, or set REPRISE_HOME to another disk.',
  };
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
