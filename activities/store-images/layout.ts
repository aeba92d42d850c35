import { blobKey, ImageConfig, type ImageLayout } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { getBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';

/**
 * An image as the store has it: it is the hash of its configuration, which names all its layers. Undefined where one of them is
 * missing. Failures: STORE_UNREACHABLE, STORE_CORRUPT.
 */
export async function storedLayout(store: ObjectStore, id: string): Promise<ImageLayout | undefined> {
  if (!(await store.head(blobKey(hexOf(id))))) return undefined;
  const layout = layoutOf(id, await getBlob(store, hexOf(id)));
  const found = await Promise.all(layout.layers.map((sha256) => store.head(blobKey(sha256))));
  return found.every((each) => each !== undefined) ? layout : undefined;
}

/** Failures: STORE_CORRUPT. */
export function layoutOf(id: string, configuration: Uint8Array): ImageLayout {
  const parsed = ImageConfig.safeParse(JSON.parse(Buffer.from(configuration).toString('utf8')));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${hexOf(id)} is not the configuration of an image`);
  const config = hexOf(id);
  return { schema: 'reprise.image/v1', id: `sha256:${config}`, config, layers: parsed.data.rootfs.diff_ids.map(hexOf), repoTags: [] };
}

export function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
