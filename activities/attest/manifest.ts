import { canonicalBytes, manifestKey, manifestOf, mediaTypes, RunManifest, type Artifact } from '../../domain/index.ts';
import type { AttestInput, StageRun } from '../../workflows/contract.ts';
import { failure } from '../failure.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { hashOf, parseJson } from './bytes.ts';
import { collectArtifacts } from './collect.ts';

export interface StoredManifest {
  manifest: RunManifest;
  sha256: string;
  /** The workflow's history up to the attestation. */
  history: Artifact;
}

export const historyPath = 'history.json';

/**
 * Writes the run's manifest, once. An attempt that finds one takes it over when it holds everything that this attempt was
 * given: the history grows with each signal, so that two attempts could not write the same. Failures: PLATFORM_ERROR where the
 * manifest that is there is another run's.
 */
export async function storeManifest(
  store: ObjectStore,
  input: StageRun & AttestInput,
  exportHistory: (workflowId: string) => Promise<Uint8Array>,
): Promise<StoredManifest> {
  const key = manifestKey(input.run);
  const earlier = await store.get(key);
  if (earlier) return takeOver(earlier, input);
  const history = artifactOf(await putBlob(store, await exportHistory(input.workflowId), mediaTypes.json), historyPath, 'history');
  const manifest = manifestOf(input.run, [...(await collectArtifacts(store, input)), history]);
  const bytes = canonicalBytes(manifest);
  if ((await store.putIfAbsent(key, bytes, mediaTypes.json)) === 'created') return { manifest, sha256: hashOf(bytes), history };
  const other = await store.get(key);
  if (!other) throw failure('PLATFORM_ERROR', `the store says that ${key} exists, and has no such object`);
  return takeOver(other, input);
}

function takeOver(bytes: Uint8Array, { run, artifacts }: StageRun & AttestInput): StoredManifest {
  const parsed = RunManifest.safeParse(parseJson(bytes));
  const manifest = parsed.success && parsed.data.run === run ? parsed.data : undefined;
  const listed = new Map(manifest?.artifacts.map((artifact) => [artifact.path, artifact]));
  const foreign = artifacts.find(({ path, sha256 }) => listed.get(path)?.sha256 !== sha256);
  const history = listed.get(historyPath);
  if (!manifest || !history || foreign) {
    throw failure('PLATFORM_ERROR', `${manifestKey(run)} is there already and is not of this run${foreign ? `: ${foreign.path} differs` : ''}`);
  }
  return { manifest, sha256: hashOf(bytes), history };
}
