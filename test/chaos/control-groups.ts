import { existsSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = '/sys/fs/cgroup';

/** Removes what containers left whose engine was killed with them: empty groups, of every controller. */
export async function removeControlGroups(name: string): Promise<void> {
  const hierarchies = [root, ...(await readdir(root)).map((each) => join(root, each))];
  for (const hierarchy of hierarchies) if (existsSync(join(hierarchy, name))) await removeTree(join(hierarchy, name));
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await removeWhenEmpty(directory);
}

/** What was killed with its world needs a moment to be gone. */
async function removeWhenEmpty(directory: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rmdir(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === 50) throw error;
      await sleep(200);
    }
  }
}
