import { type Artifact, blobKey, canonicalJson, ImageConfig, type ImageLayout, mediaTypes } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, type Blob, getBlob, putBlob } from '../io/blobs.ts';
import { onEngine } from '../io/docker/errors.ts';
import type { ObjectStore } from '../io/store.ts';
import type { StageContext } from '../stage.ts';
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
  for (const image of images) if (!(await isKept(dependencies, image.id))) missing.push(image);
  if (missing.length > 0) await saveImages(dependencies, missing, context);
  const artifacts: Artifact[] = [];
  for (const image of images) artifacts.push(...(await writeLayout(dependencies.store, image)));
  return [...new Map(artifacts.map((artifact) => [artifact.path, artifact])).values()];
}

/** An image is the hash of its configuration, which names all its layers: with these in the store, nothing is left to do. */
async function isKept({ store, docker }: ImageDependencies, id: string): Promise<boolean> {
  const { RootFS } = await onEngine(`looking for the image ${id}`, () => docker.getImage(id).inspect());
  const wanted = [id, ...(RootFS.Layers ?? [])].map(hexOf);
  const found = await Promise.all(wanted.map((sha256) => store.head(blobKey(sha256))));
  return found.every((each) => each !== undefined);
}

async function writeLayout(store: ObjectStore, { id, role }: ImageReference): Promise<Artifact[]> {
  const config = hexOf(id);
  const bytes = await getBlob(store, config);
  const layers = layersOf(id, bytes);
  const layout: ImageLayout = { schema: 'reprise.image/v1', id: `sha256:${config}`, config, layers, repoTags: [] };
  const blob = await putBlob(store, Buffer.from(canonicalJson(layout)), mediaTypes.image);
  const configBlob: Blob = { key: blobKey(config), sha256: config, sizeBytes: bytes.byteLength, mediaType: mediaTypes.json };
  return [
    artifactOf(blob, `images/${role}/image.json`, 'image'),
    artifactOf(configBlob, `images/${role}/config.json`, 'image-blob'),
    ...(await Promise.all([...new Set(layers)].map((layer) => layerArtifact(store, layer)))),
  ];
}

function layersOf(id: string, config: Uint8Array): string[] {
  const parsed = ImageConfig.safeParse(JSON.parse(Buffer.from(config).toString('utf8')));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${hexOf(id)} is not the configuration of an image`);
  return parsed.data.rootfs.diff_ids.map(hexOf);
}

async function layerArtifact(store: ObjectStore, sha256: string): Promise<Artifact> {
  const key = blobKey(sha256);
  const found = await store.head(key);
  if (!found) throw failure('STORE_CORRUPT', `the layer ${key} is missing after the engine gave out the image`);
  return artifactOf({ key, sha256, sizeBytes: found.sizeBytes, mediaType: 'application/x-tar' }, `images/layers/${sha256}.tar`, 'image-blob');
}

function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
