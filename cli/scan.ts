import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDocker } from '../activities/io/docker/connection.ts';
import { scanArchive, scanDirectory, scanGit, scanImage, type ScanOptions } from '../activities/scan/scan.ts';
import type { ScanReport } from '../domain/index.ts';
import type { Config } from '../infra/config.ts';
import { UsageError } from './errors.ts';

/** Scans a directory, a file, `git:DIR` or `image:REF`. Throws UsageError where there is no such thing. */
export async function scanTarget(config: Config, target: string): Promise<ScanReport> {
  const options = await scanOptions(config);
  if (target.startsWith('image:')) return scanImage(createDocker(config.dockerSocket), target.slice('image:'.length), options);
  const isGit = target.startsWith('git:');
  const path = isGit ? target.slice('git:'.length) : target;
  if (!existsSync(path)) throw new UsageError(`there is no ${path}`, 'Give a path, git:DIR, image:REF or an archive.');
  if (isGit) return scanGit(path, options);
  return statSync(path).isDirectory() ? scanDirectory(path, options) : scanArchive(path, options);
}

/** Without the installation's key the fingerprints are only good within this one report. */
export async function scanOptions({ fingerprintKeyFile, home }: Config): Promise<ScanOptions & { scratchDirectory: string }> {
  const scratchDirectory = join(home, 'scratch');
  await mkdir(scratchDirectory, { recursive: true });
  const fingerprintKey = existsSync(fingerprintKeyFile) ? Buffer.from((await readFile(fingerprintKeyFile, 'utf8')).trim(), 'hex') : randomBytes(32);
  return { fingerprintKey, scratchDirectory };
}
