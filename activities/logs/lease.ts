import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { leaseKey, leasePrefix, mediaTypes, sequenceOf, type StageName } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';

/** The right of one attempt to write for a stage, until a newer attempt takes it. */
export interface Lease {
  /** Counts from 1. */
  epoch: number;
  /** Told apart from every other attempt's. */
  holder: string;
  /** Failures: ATTEMPT_SUPERSEDED where a newer attempt has taken over. */
  assertHeld(): Promise<void>;
}

/**
 * Takes the lease of a stage: the next epoch, created if absent, so that two attempts never hold the same. An attempt that comes
 * back from a long silence finds a higher epoch and writes no more. Failures: STORE_UNREACHABLE.
 */
export async function takeLease(store: ObjectStore, { run, stage }: { run: string; stage: StageName }): Promise<Lease> {
  const holder = `${hostname()}-${process.pid}-${randomUUID()}`;
  const bytes = Buffer.from(JSON.stringify({ schema: 'reprise.lease/v1', holder, takenAt: new Date().toISOString() }));
  let epoch = (await newestEpoch(store, run, stage)) + 1;
  while ((await store.putIfAbsent(leaseKey(run, stage, epoch), bytes, mediaTypes.json)) === 'exists' && !(await isOurs(epoch))) epoch += 1;
  return {
    epoch,
    holder,
    async assertHeld() {
      // Epochs have no gaps: whoever came later took this one first.
      if (await store.head(leaseKey(run, stage, epoch + 1))) throw superseded(stage, epoch);
    },
  };

  /** A repeated request whose first answer was lost finds its own. */
  async function isOurs(taken: number): Promise<boolean> {
    const present = await store.get(leaseKey(run, stage, taken));
    return present !== undefined && Buffer.compare(present, bytes) === 0;
  }
}

export function superseded(stage: StageName, epoch: number): Error {
  return failure('ATTEMPT_SUPERSEDED', `the ${epoch}. attempt at ${stage} was given up, and a newer one has taken over`);
}

async function newestEpoch(store: ObjectStore, run: string, stage: StageName): Promise<number> {
  let newest = 0;
  for await (const { key } of store.list(leasePrefix(run, stage))) newest = Math.max(newest, sequenceOf(key) ?? 0);
  return newest;
}
