import { attestationKey, limits, manifestKey, runPrefix, type RunManifest } from '../../domain/index.ts';
import { measureStream } from '../attest/bytes.ts';
import { referencesOf } from '../attest/references.ts';
import { outcomeOf } from '../failure.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { problem, type AuditProblem } from './problems.ts';

type Listed = RunManifest['artifacts'][number];

export interface ObjectsCheck {
  checked: number;
  bytes: number;
  problems: AuditProblem[];
}

export interface Progress {
  done: number;
  total: number;
}

/** Re-reads every object of the manifest, each once however often it is listed, and compares hash and size. */
export async function checkObjects(
  store: ObjectStore,
  { artifacts }: RunManifest,
  { signal, report }: { signal?: AbortSignal | undefined; report?: ((progress: Progress) => void) | undefined },
): Promise<ObjectsCheck> {
  const byKey = new Map<string, Listed[]>();
  for (const artifact of artifacts) byKey.set(artifact.key, [...(byKey.get(artifact.key) ?? []), artifact]);
  const check: ObjectsCheck = { checked: 0, bytes: 0, problems: [] };
  await forEachConcurrently(byKey, limits.storeReadsInFlight, async ([key, listed]) => {
    signal?.throwIfAborted();
    const measured = await measure(store, key);
    check.checked += 1;
    check.bytes += measured?.sizeBytes ?? 0;
    for (const each of listed) check.problems.push(...compare(each, measured));
    report?.({ done: check.checked, total: byKey.size });
  });
  return check;
}

/** Objects under the run's own prefix that the manifest does not know: a log chunk or an answer that was added later. */
export async function checkUnlisted(store: ObjectStore, { run, artifacts }: RunManifest): Promise<AuditProblem[]> {
  const explained = new Set([manifestKey(run), attestationKey(run), ...artifacts.map(({ key }) => key)]);
  const found: AuditProblem[] = [];
  for await (const { key } of store.list(runPrefix(run))) {
    if (!explained.has(key)) found.push(problem('unlisted-object', key, 'stands under the run and not in its manifest: it was added after the signature'));
  }
  return found;
}

/** Whether all that trees and suites name stands in the manifest: else it was not re-read. `damaged` are paths that cannot be read. */
export async function checkReferences(store: ObjectStore, { artifacts }: RunManifest, damaged: ReadonlySet<string>): Promise<AuditProblem[]> {
  const known = new Set(artifacts.map(({ sha256 }) => sha256));
  const found: AuditProblem[] = [];
  for (const artifact of artifacts.filter(({ path }) => !damaged.has(path))) {
    try {
      for (const { path, sha256 } of await referencesOf(store, artifact)) {
        if (!known.has(sha256)) found.push(problem('missing-object', path, `${artifact.path} names ${sha256}, which the manifest does not list`));
      }
    } catch (error) {
      if (outcomeOf(error)?.code !== 'STORE_CORRUPT') throw error;
      found.push(problem('manifest-mismatch', artifact.path, `is listed as ${artifact.mediaType}: ${(error as Error).message}`));
    }
  }
  return found;
}

async function measure(store: ObjectStore, key: string): Promise<{ sha256: string; sizeBytes: number } | undefined> {
  const body = await store.getStream(key);
  return body && measureStream(body);
}

function compare({ path, key, sha256, sizeBytes }: Listed, measured: { sha256: string; sizeBytes: number } | undefined): AuditProblem[] {
  if (!measured) return [problem('missing-object', path, `${key} is not in the store`)];
  if (measured.sizeBytes !== sizeBytes) return [problem('wrong-size', path, `${key} has ${measured.sizeBytes} bytes, not ${sizeBytes}`)];
  if (measured.sha256 !== sha256) return [problem('wrong-hash', path, `${key} has the hash ${measured.sha256}, not ${sha256}`)];
  return [];
}
