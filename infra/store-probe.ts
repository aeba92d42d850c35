import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { createS3Store, type S3Options } from '../activities/io/s3.ts';
import type { ObjectStore } from '../activities/io/store.ts';
import type { Config } from './config.ts';
import type { Problem } from './step.ts';

export function storeOptions(config: Config): S3Options {
  return {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyId: config.s3AccessKeyId ?? '',
    secretAccessKey: config.s3SecretAccessKey ?? '',
  };
}

const nextStep = 'Use an object store that keeps to S3: versitygw, AWS S3, or another one that passes `reprise doctor`.';
const writers = 16;

/**
 * Whether the store does what the record relies on: of many writers of one key exactly one wins, what was written is read back, and a
 * body that does not have the hash it was sent with is refused. Leaves a few small objects under `probe/`.
 */
export async function probeStoreBehaviour(config: Config): Promise<'ok' | Problem> {
  try {
    const store = createS3Store(storeOptions(config));
    return (await oneWinner(store)) ?? (await wrongHashRefused(store)) ?? 'ok';
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), nextStep: 'Run `reprise up`, or correct the keys and the endpoint.' };
  }
}

async function oneWinner(store: ObjectStore): Promise<Problem | undefined> {
  const key = `probe/${randomUUID()}`;
  const bodies = Array.from({ length: writers }, (_, index) => Buffer.from(`writer ${index}`));
  const results = await Promise.all(bodies.map((body) => store.putIfAbsent(key, body, 'text/plain')));
  const winners = bodies.filter((_, index) => results[index] === 'created');
  if (winners.length !== 1) return { problem: `of ${writers} writers of one key ${winners.length} were told that they made it`, nextStep };
  const kept = await store.get(key);
  if (kept && winners[0]?.equals(kept)) return undefined;
  return { problem: 'the store gives back other bytes than were written', nextStep };
}

async function wrongHashRefused(store: ObjectStore): Promise<Problem | undefined> {
  const key = `probe/${randomUUID()}`;
  const body = { open: () => Readable.from([Buffer.from('these bytes')]), sizeBytes: 11, sha256: '0'.repeat(64) };
  const accepted = await store.putStreamIfAbsent(key, body, 'text/plain').then(() => true, () => false);
  return accepted || (await store.head(key)) ? { problem: 'the store keeps a body that does not have its declared hash', nextStep } : undefined;
}
