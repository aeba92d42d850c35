import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Finding } from '../summary.ts';
import type { World } from '../world.ts';

/** Every object that is named by its hash has it, and everything that a manifest lists is there as it says. Resolves to how many were read. */
export async function checkObjects({ objects }: World, findings: Finding[]): Promise<number> {
  const blobs = await filesOf(join(objects, 'cas'));
  for (const path of blobs) {
    if ((await hashOf(path)) !== basename(path)) findings.push({ kind: 'wrong', of: path, message: 'the object does not have the hash of its key' });
  }
  const manifests = (await filesOf(join(objects, 'runs'))).filter((path) => basename(path) === 'manifest.json');
  for (const manifest of manifests) {
    const { artifacts } = JSON.parse(await readFile(manifest, 'utf8')) as { artifacts: { path: string; key: string; sha256: string }[] };
    for (const { path, key, sha256 } of artifacts) {
      const found = await hashOf(join(objects, key)).catch(() => undefined);
      if (found !== sha256) findings.push({ kind: found === undefined ? 'lost' : 'wrong', of: manifest, message: `${path} is ${found === undefined ? 'not stored' : 'stored with other bytes'}` });
    }
  }
  return blobs.length;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
