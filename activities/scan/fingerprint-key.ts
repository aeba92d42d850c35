import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';

/** The installation's key; see ScanOptions. Failures: PLATFORM_ERROR where it is missing. */
export async function readFingerprintKey({ fingerprintKeyFile: path }: Pick<Settings, 'fingerprintKeyFile'>): Promise<Buffer> {
  try {
    return Buffer.from((await readFile(path, 'utf8')).trim(), 'hex');
  } catch (cause) {
    throw failure('PLATFORM_ERROR', `the key of the fingerprints (${path}) is not readable; \`reprise up\` makes one`, { cause });
  }
}

/** The operator's values as parts of a cache's key: what was looked through for one is not looked through for another. */
export function valuesDigest(key: Buffer, values: Settings['exposedSecrets'] = []): string[] {
  return values.map(({ name, value }) => `${name} ${createHmac('sha256', key).update(value).digest('hex')}`).sort();
}
