import { attestationKey, blobKey, limits, manifestKey, mediaTypes, runPrefix, type Artifact } from '../../domain/index.ts';
import type { AttestInput, StageRecord, StageRun } from '../../workflows/contract.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { hashOf } from './bytes.ts';
import { artifactOfReference, referencesOf } from './references.ts';

/**
 * Everything that a run stored, for its manifest: what the stages say, the objects that those name in turn, the logs of failed
 * stages, the stored suite, and what stands under the run's own prefix (log chunks, answers as they arrived).
 * Failures: STORE_CORRUPT where an object that names others is missing or damaged.
 */
export async function collectArtifacts(store: ObjectStore, input: StageRun & AttestInput): Promise<Artifact[]> {
  const stated = [...input.artifacts, ...(await suiteOf(store, input)), ...(await failureLogs(store, input))];
  return [...stated, ...(await referenced(store, stated)), ...(await journals(store, input.run))];
}

/** What the stated objects name. An object that is stated itself keeps the path that its stage gave it. */
async function referenced(store: ObjectStore, stated: Artifact[]): Promise<Artifact[]> {
  const known = new Set(stated.map(({ sha256, path }) => `${path} ${sha256}`));
  const found: Artifact[] = [];
  for (const artifact of stated) {
    const references = await referencesOf(store, artifact);
    const news = references.filter(({ path, sha256 }) => !known.has(`${path} ${sha256}`));
    found.push(...news.map((reference) => artifactOfReference(reference, artifact.role)));
  }
  return found;
}

async function suiteOf(store: ObjectStore, { artifacts, suite }: AttestInput): Promise<Artifact[]> {
  if (artifacts.some(({ sha256 }) => sha256 === suite)) return [];
  return storedBlob(store, suite, { path: 'suite/suite.json', role: 'suite', mediaType: mediaTypes.json });
}

/** A stage that failed hands over no artifacts, and its log is what explains it. */
async function failureLogs(store: ObjectStore, { artifacts, stages }: AttestInput): Promise<Artifact[]> {
  const listed = new Set(artifacts.map(({ key }) => key));
  const missing = stages.filter(({ failure }) => failure?.logKey?.startsWith('cas/') && !listed.has(failure.logKey));
  return (await Promise.all(missing.map((stage) => failureLog(store, stage)))).flat();
}

function failureLog(store: ObjectStore, { name, failure }: StageRecord): Promise<Artifact[]> {
  const sha256 = failure?.logKey?.split('/').at(-1) ?? '';
  return storedBlob(store, sha256, { path: `logs/${name}.log`, role: 'log', mediaType: mediaTypes.text });
}

async function storedBlob(store: ObjectStore, sha256: string, about: Pick<Artifact, 'path' | 'role' | 'mediaType'>): Promise<Artifact[]> {
  const head = await store.head(blobKey(sha256));
  return head ? [{ ...about, key: blobKey(sha256), sha256, sizeBytes: head.sizeBytes }] : [];
}

/** Listed under their keys relative to the run, e.g. `logs/train/00000003.log`: what is added later is in no signed manifest. */
async function journals(store: ObjectStore, run: string): Promise<Artifact[]> {
  const keys: string[] = [];
  const own = new Set([manifestKey(run), attestationKey(run)]);
  for await (const { key } of store.list(runPrefix(run))) if (!own.has(key)) keys.push(key);
  const found: Artifact[] = [];
  await forEachConcurrently(keys, limits.storeReadsInFlight, async (key) => {
    const bytes = await store.get(key);
    if (!bytes) return; // Gone between listing and reading: then it is no part of the evidence either.
    const path = key.slice(runPrefix(run).length);
    const sha256 = hashOf(bytes);
    found.push({ path, key, sha256, sizeBytes: bytes.byteLength, ...kindOf(path) });
  });
  return found;
}

function kindOf(path: string): Pick<Artifact, 'role' | 'mediaType'> {
  if (path.startsWith('logs/')) return { role: 'log', mediaType: mediaTypes.text };
  if (path.startsWith('answers/')) return { role: 'answers', mediaType: mediaTypes.bytes };
  return { role: 'file', mediaType: mediaTypes.bytes };
}
