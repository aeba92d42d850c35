import type { Artifact } from '../../domain/index.ts';
import type { Activities, ImageReference, UploadResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage, type StageContext } from '../stage.ts';
import { keepImages } from './keep-images.ts';
import { verifyStored } from './verify.ts';

export { loadImage } from './load-image.ts';

/** Raise it when an image is stored in another form. */
const version = 1;

export function createUploadActivities(dependencies: Dependencies): Pick<Activities, 'upload'> {
  return {
    upload: (input) => {
      const { images, artifacts } = input;
      // Sorted, since stages that run beside each other end in any order.
      const listed = artifacts.map(({ path, sha256 }) => `${path} ${sha256}`).sort();
      const inputs = { images: images.map(({ id, role }) => ({ id, role })), artifacts: listed };
      return runStage(dependencies, input, 'upload', { version, inputs }, async (context) => ({
        result: await uploadAll(dependencies, images, artifacts, context),
      }));
    },
  };
}

/**
 * Keeps the images of a run in the store and sees that everything that the stages before stored is there. Failures: IMAGE_GONE,
 * ENGINE_UNREACHABLE, STORE_UNREACHABLE, STORE_CORRUPT, DISK_FULL.
 */
export async function uploadAll(
  dependencies: Pick<Dependencies, 'store' | 'docker' | 'settings'>,
  images: ImageReference[],
  artifacts: Artifact[],
  context: Pick<StageContext, 'signal' | 'report'>,
): Promise<UploadResult> {
  const kept = await keepImages(dependencies, images, context);
  const { objects, bytes } = await verifyStored(dependencies.store, [...artifacts, ...kept], context);
  return { artifacts: kept, objects, bytes, summary: `${images.length} images kept; ${objects} objects, ${bytes} bytes are in the store` };
}
