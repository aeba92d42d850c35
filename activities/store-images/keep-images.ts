import { type Artifact, blobKey, canonicalJson, mediaTypes } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, type Blob, getBlob, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import type { StageContext } from '../stage.ts';
import { hexOf, layoutOf, storedLayout } from './layout.ts';
import { saveImages } from './save-images.ts';

type ImageDependencies = Pick<Dependencies, 'store' | 'docker' | 'settings'>;

/**
 * Keeps images as layouts in the store and lists what that took: the layout, its configuration and its layers. What the store
 * has already is not read from the engine again. Failures: IMAGE_GONE, ENGINE_UNREACHABLE, DISK_FULL.
 */
export async function keepImages(
  dependencies: ImageDependencies,
  images: ImageReference[],
  context: Pick<StageContext, 'signal' | 'report'>,
): Promise<Artifact[]> {
  const missing: ImageReference[] = [];
  for (const image of images) if (!(await storedLayout(dependencies.store, image.id))) missing.push(image);
  if (missing.length > 0) await saveImages(dependencies, missing, context);
  const artifacts: Artifact[] = [];
  for (const image of images) artifacts.push(...(await writeLayout(dependencies.store, image)));
  return [...new Map(artifacts.map((artifact) => [artifact.path, artifact])).values()];
}

async function writeLayout(store: ObjectStore, { id, role }: ImageReference): Promise<Artifact[]> {
  const bytes = await getBlob(store, hexOf(id));
  const layout = layoutOf(id, bytes);
  const { config, layers } = layout;
  const blob = await putBlob(store, Buffer.from(canonicalJson(layout)), mediaTypes.image);
  const configBlob: Blob = { key: blobKey(config), sha256: config, sizeBytes: bytes.byteLength, mediaType: mediaTypes.json };
  return [
    artifactOf(blob, `images/${role}/image.json`, 'image'),
    artifactOf(configBlob, `images/${role}/config.json`, 'image-blob'),
    ...(await Promise.all([...new Set(layers)].map((layer) => layerArtifact(store, layer)))),
  ];
}

async function layerArtifact(store: ObjectStore, sha256: string): Promise<Artifact> {
  const key = blobKey(sha256);
  const found = await store.head(key);
  if (!found) throw failure('STORE_CORRUPT', `the layer ${key} is missing after the engine gave out the image`);
  return artifactOf({ key, sha256, sizeBytes: found.sizeBytes, mediaType: 'application/x-tar' }, `images/layers/${sha256}.tar`, 'image-blob');
}
