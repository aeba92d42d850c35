import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sha512 } from '../../../domain/adaptation/index.ts';

/** What record.py wrote. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')) as T;
}

export const sha512: Sha512 = (bytes) => createHash('sha512').update(bytes).digest();
