import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeOf } from '../activities/failure.ts';
import { createDocker } from '../activities/io/docker/connection.ts';
import { scanArchive, scanDirectory, scanGit, scanImage, type ScanOptions } from '../activities/scan/scan.ts';
import type { ScanReport } from '../domain/index.ts';
import type { Config } from '../infra/config.ts';
import { ownScratch } from '../infra/scratch.ts';
import { UsageError } from './errors.ts';
import { interruptible } from './interrupt.ts';

/** Scans a directory, a file, `git:DIR` or `image:REF`. Throws UsageError where there is no such thing. */
export async function scanTarget(config: Config, target: string): Promise<ScanReport> {
  return interruptible(async (signal) => {
    const options = { ...(await scanOptions(config)), signal };
    if (target.startsWith('image:')) return scanImageNamed(config, target.slice('image:'.length), options);
    const isGit = target.startsWith('git:');
    const path = isGit ? target.slice('git:'.length) : target;
    if (!existsSync(path)) throw new UsageError(`there is no ${path}`, 'Give a path, git:DIR, image:REF or an archive.');
    if (isGit) return scanGit(gitDirectoryOf(path), options);
    return statSync(path).isDirectory() ? scanDirectory(path, options) : scanArchive(path, options);
  });
}

async function scanImageNamed(config: Config, name: string, options: ScanOptions): Promise<ScanReport> {
  const unknown = (cause?: unknown): UsageError => new UsageError(`the engine has no image ${JSON.stringify(name)}`, '`docker images` lists those it has; `docker pull` or `docker load` brings one in.', { cause });
  // As the engine's own grammar has it, loosely: anything else would be an address of another part of its API.
  if (!/^[a-z0-9][\w.-]*(?:[/:@][a-z0-9_][\w.-]*)*$/i.test(name)) throw unknown();
  return scanImage(createDocker(config.dockerSocket), name, options).catch((error: unknown) => {
    throw outcomeOf(error)?.code === 'IMAGE_GONE' ? unknown(error) : error;
  });
}

/** Without the installation's key the fingerprints are only good within this one report. */
export async function scanOptions(config: Config): Promise<ScanOptions & { scratchDirectory: string }> {
  const { fingerprintKeyFile } = config;
  const fingerprintKey = existsSync(fingerprintKeyFile) ? Buffer.from((await readFile(fingerprintKeyFile, 'utf8')).trim(), 'hex') : randomBytes(32);
  return { fingerprintKey, scratchDirectory: ownScratch(config) };
}

/** The git directory that a path names. Throws UsageError where it is none. */
export function gitDirectoryOf(path: string): string {
  const inside = join(path, '.git');
  const directory = existsSync(inside) ? inside : path;
  if (existsSync(join(directory, 'HEAD'))) return directory;
  const what = existsSync(inside) ? 'is a work tree or submodule of another repository' : 'holds no repository';
  throw new UsageError(`${path} ${what}`, 'Name the repository itself: git:DIR.');
}
