import { Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { blobKey, type ImageLayout } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { getBlobStream } from '../io/blobs.ts';
import { onEngine } from '../io/docker/errors.ts';
import { imageExists, tagImage } from '../io/docker/images.ts';
import type { ObjectStore } from '../io/store.ts';
import { storedLayout } from './layout.ts';

/**
 * Has an image in the engine, also on a host that did not build it: then it comes from the store, where every layer's hash is
 * verified on the way. Failures: IMAGE_GONE where the store has not all of it, STORE_CORRUPT, ENGINE_UNREACHABLE, DISK_FULL.
 */
export async function ensureImage({ store, docker }: Pick<Dependencies, 'store' | 'docker'>, { id, role }: Pick<ImageReference, 'id' | 'role'>): Promise<void> {
  if (await imageExists(docker, id)) return;
  const layout = await storedLayout(store, id);
  if (!layout) throw failure('IMAGE_GONE', `neither this host nor the store has the image ${id}`);
  const archive = imageArchive(store, layout);
  const given = new AbortController();
  const broken = new Promise<never>((_, reject) => archive.once('error', reject));
  // Without the abort the engine would wait for the rest of an archive that ended early.
  broken.catch(() => given.abort());
  const options = { quiet: true, abortSignal: given.signal };
  const said = onEngine(`loading the image ${id}`, async () => text((await docker.loadImage(archive, options)) as Readable));
  const answer = await Promise.race([said, broken]);
  if (await imageExists(docker, id)) return tagImage(docker, role, id);
  throw failure('PLATFORM_ERROR', `loading the image ${id}: the engine said ${answer.trim().slice(0, 500)}`);
}

/** The archive that `docker load` reads: a manifest, the configuration, and the layers under names of our own. */
function imageArchive(store: ObjectStore, layout: ImageLayout): Readable {
  const tar = pack();
  writeArchive(store, tar, layout).then(
    () => tar.finalize(),
    (error: unknown) => (tar as unknown as Readable).destroy(error as Error),
  );
  return Readable.from(tar, { objectMode: false });
}

async function writeArchive(store: ObjectStore, tar: Pack, { config, layers }: ImageLayout): Promise<void> {
  const manifest = [{ Config: `${config}.json`, RepoTags: null, Layers: layers.map((layer) => `${layer}.tar`) }];
  tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  await writeBlob(store, tar, config, `${config}.json`);
  for (const layer of new Set(layers)) await writeBlob(store, tar, layer, `${layer}.tar`);
}

async function writeBlob(store: ObjectStore, tar: Pack, sha256: string, name: string): Promise<void> {
  const found = await store.head(blobKey(sha256));
  if (!found) throw failure('STORE_CORRUPT', `the object ${blobKey(sha256)} is missing`);
  await pipeline(await getBlobStream(store, sha256), tar.entry({ name, size: found.sizeBytes }) as unknown as Writable);
}
