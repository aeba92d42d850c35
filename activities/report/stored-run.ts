import { DsseEnvelope, RunManifest, RunScores, Statement, attestationKey, manifestKey } from '../../domain/index.ts';
import { parseJson } from '../attest/bytes.ts';
import { failure } from '../failure.ts';
import { getBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';

/** A run that ended with scores, as its manifest finds it in the store. */
export interface StoredRun {
  run: string;
  /** The submission's name; the run's own where no statement names it. */
  name: string;
  manifest: RunManifest;
  scores: RunScores;
  /** SHA-256 of the stored suite. */
  suite: string;
}

/**
 * Reads what a report needs of a run; `reprise audit` is what verifies it. Failures: REQUEST_INVALID where the run has no
 * manifest, no scores or no suite, STORE_CORRUPT where an object is missing or changed.
 */
export async function readStoredRun(store: ObjectStore, run: string): Promise<StoredRun> {
  const manifest = RunManifest.safeParse(parseJson(await store.get(manifestKey(run))));
  if (!manifest.success) throw failure('REQUEST_INVALID', `the run ${run} has no manifest: it has not ended, or it is not in this store`);
  const scores = RunScores.safeParse(parseJson(await artifactBytes(store, manifest.data, 'scores/scores.json')));
  if (!scores.success) throw failure('REQUEST_INVALID', `the run ${run} has no scores: it ended before its answers were scored`);
  const suite = manifest.data.artifacts.find(({ path }) => path === 'suite/suite.json');
  if (!suite) throw failure('REQUEST_INVALID', `the run ${run} does not list its suite`);
  return { run, name: (await submissionName(store, run)) ?? run, manifest: manifest.data, scores: scores.data, suite: suite.sha256 };
}

/** The verified bytes that the manifest lists under a path; undefined where it lists none. */
export async function artifactBytes(store: ObjectStore, manifest: RunManifest, path: string): Promise<Uint8Array | undefined> {
  const listed = manifest.artifacts.find((artifact) => artifact.path === path);
  return listed && getBlob(store, listed.sha256);
}

async function submissionName(store: ObjectStore, run: string): Promise<string | undefined> {
  const envelope = DsseEnvelope.safeParse(parseJson(await store.get(attestationKey(run))));
  if (!envelope.success) return undefined;
  const statement = Statement.safeParse(parseJson(Buffer.from(envelope.data.payload, 'base64')));
  const name = statement.data?.predicate.buildDefinition.externalParameters['name'];
  return typeof name === 'string' ? name : undefined;
}
