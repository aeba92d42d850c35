import { mkdir, statfs } from 'node:fs/promises';
import { failure } from '../failure.ts';

/** Bytes that we may still write where a directory lies. */
export async function freeDiskBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Makes the directory and sees that there is room. Failures: DISK_FULL, with both numbers. */
export async function requireFreeDisk(directory: string, neededBytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const free = await freeDiskBytes(directory);
  if (free >= neededBytes) return;
  throw failure('DISK_FULL', `${directory} has ${free} bytes free, and ${neededBytes} are needed`);
}
