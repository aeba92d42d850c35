import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '../../activities/attest/keys.ts';
import { exportRun } from '../../activities/audit/export.ts';
import { createDirectoryStore } from '../../activities/io/directory.ts';
import type { ObjectStore } from '../../activities/io/store.ts';
import type { AuditReport } from '../../domain/index.ts';
import { attest, storeRun, type RunInput } from './attested-run.ts';
import { memoryStore } from './memory-store.ts';

/** An attested run in reach of a hand that changes it; the same for both kinds of store. */
export interface Evidence {
  input: RunInput;
  store: ObjectStore;
  read(key: string): Promise<Uint8Array>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

export const otherRuns = ['addition-00000001', 'addition-00000002'] as const;

/** The run among two others, as link 1 of the log. */
export async function memoryEvidence(key: { file: string }): Promise<Evidence> {
  const store = memoryStore();
  await attest(store, await storeRun(store, otherRuns[0]), key);
  const input = await storeRun(store);
  await attest(store, input, key);
  await attest(store, await storeRun(store, otherRuns[1]), key);
  return {
    input,
    store,
    read: async (name) => store.objects.get(name) ?? Buffer.alloc(0),
    write: async (name, bytes) => void store.objects.set(name, bytes),
    remove: async (name) => void store.objects.delete(name),
  };
}

export async function exportedEvidence(key: SigningKey & { file: string }, directory: string): Promise<Evidence> {
  const { store, input } = await memoryEvidence(key);
  await exportRun(store, input.run, directory, { publicKey: key.publicKey });
  return {
    input,
    store: createDirectoryStore(directory),
    read: (name) => readFile(join(directory, name)),
    write: (name, bytes) => writeFile(join(directory, name), bytes),
    remove: (name) => rm(join(directory, name)),
  };
}

/** Key in the store of the run's first artifact of a role. */
export function keyOf({ input }: Evidence, role: string): string {
  return input.artifacts.find((artifact) => artifact.role === role)?.key ?? '';
}

export function found({ problems }: AuditReport): string[] {
  return problems.map(({ code, path }) => `${code} ${path}`);
}

export function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}
