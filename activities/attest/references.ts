import { mediaTypes, StoredSuite, blobKey, type Artifact, type ArtifactRole } from '../../domain/index.ts';
import { getBlob, getJson } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree } from '../io/trees.ts';
import { exchangesIn } from '../record/journal.ts';

/** What an object is known by inside another one. */
export interface Reference {
  /** Path in the manifest, where the object stands there only because of this reference. */
  path: string;
  sha256: string;
  sizeBytes: number;
}

type Listed = Pick<Artifact, 'path' | 'role' | 'mediaType' | 'sha256'>;

/**
 * The objects that a stored object names: the files of a tree, the bodies of a recording, the stages of a suite. Without them the object is of no use, so
 * that they stand in the manifest as well. Failures: STORE_CORRUPT where the object is missing or damaged.
 */
export async function referencesOf(store: ObjectStore, artifact: Listed): Promise<Reference[]> {
  if (artifact.mediaType === mediaTypes.tree) return treeReferences(store, artifact);
  if (artifact.role === 'recording' && artifact.mediaType === mediaTypes.jsonLines) return recordingReferences(store, artifact);
  if (artifact.role === 'suite' && artifact.mediaType === mediaTypes.json) return suiteReferences(store, artifact);
  return [];
}

/** `snapshot.tree.json` and `snapshot` alike list their files as `snapshot/…`. */
async function treeReferences(store: ObjectStore, { path, sha256 }: Listed): Promise<Reference[]> {
  const directory = path.replace(/(\.tree)?(\.json)?$/, '');
  const { entries } = await getTree(store, sha256);
  return entries
    .filter((entry) => entry.type === 'file')
    .map((entry) => ({ path: `${directory}/${entry.path}`, sha256: entry.sha256, sizeBytes: entry.sizeBytes }));
}

/** `build/train.recording.jsonl` lists its bodies as `build/train.recording/<hash>`. */
async function recordingReferences(store: ObjectStore, { path, sha256 }: Listed): Promise<Reference[]> {
  const bodies = new Map<string, Reference>();
  for (const { body } of exchangesIn(await getBlob(store, sha256))) if (body) bodies.set(body.sha256, { ...body, path: `${path.replace(/\.jsonl$/, '')}/${body.sha256}` });
  return [...bodies.values()];
}

async function suiteReferences(store: ObjectStore, { sha256 }: Listed): Promise<Reference[]> {
  const suite = StoredSuite.safeParse(await getJson(store, sha256));
  if (!suite.success) return []; // Another JSON object of the suite's; what it means is its stage's business.
  return Object.values(suite.data.stages).map(({ artifact: { path, sha256, sizeBytes } }) => ({ path, sha256, sizeBytes }));
}

export function artifactOfReference(reference: Reference, role: ArtifactRole): Artifact {
  return { ...reference, role, key: blobKey(reference.sha256), mediaType: mediaTypes.bytes };
}
