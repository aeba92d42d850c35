import { existsSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** Removes what containers left whose engine was killed with them: empty groups, of every controller. */
export async function removeControlGroups(name: string): Promise<void> {
  const hierarchies = [root, ...(await readdir(root)).map((each) => join(root, each))];
  for (const hierarchy of hierarchies) if (existsSync(join(hierarchy, name))) await removeTree(join(hierarchy, name));
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await rmdir(directory);
}
