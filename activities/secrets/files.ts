import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { limits, type GivenSecrets } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/**
 * The values that an operator gives for one run lie in a file of this machine that only its user reads, under a random name that
 * says nothing; the name is all that travels. They are in no object store and no database: nothing there can be decrypted later
 * by whoever gets hold of a key, and the file is gone when the run has ended. It outlives workers and restarts of the machine;
 * the stages that need it run on the machine that has it.
 */
const SecretsFile = z.strictObject({ schema: z.literal('reprise.secrets/v1'), values: z.record(z.string(), z.string()) });

/** Keeps the values and gives the name by which they are read. */
export async function keepSecrets(directory: string, values: Record<string, string>): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const handle = randomBytes(16).toString('hex');
  const file = await open(fileOf(directory, handle), 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify({ schema: 'reprise.secrets/v1', values } satisfies z.infer<typeof SecretsFile>));
    await file.sync();
  } finally {
    await file.close();
  }
  return handle;
}

/** Failures: SECRET_MISSING where this machine does not have the file, or not every name in it. */
export async function readSecrets(directory: string, { handle, names }: Pick<GivenSecrets, 'handle' | 'names'>): Promise<Record<string, string>> {
  const values = valuesIn(await readFile(fileOf(directory, handle), 'utf8').catch(() => ''));
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === 0) return values;
  throw failure('SECRET_MISSING', `${missing.join(', ')}: the values that were given for this run are no longer on this machine`);
}

/** Also removes what was forgotten: no run takes as long as `limits.secretsKeptMs`. */
export async function dropSecrets(directory: string, handle: string): Promise<void> {
  await rm(fileOf(directory, handle), { force: true });
  const others = await readdir(directory).catch(() => []);
  for (const name of others.filter((each) => each.endsWith('.json'))) {
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found && found.mtimeMs < Date.now() - limits.secretsKeptMs) await rm(join(directory, name), { force: true });
  }
}

/** A broken file is as good as none; a parser's message would quote it. */
function valuesIn(text: string): Record<string, string> {
  try {
    return SecretsFile.parse(JSON.parse(text)).values;
  } catch {
    return {};
  }
}

function fileOf(directory: string, handle: string): string {
  return join(directory, `${handle}.json`);
}
