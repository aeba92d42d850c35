import type { Activities } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage } from '../stage.ts';
import { keepImages } from './keep-images.ts';

export { ensureImage } from './load-image.ts';
export { storedLayout } from './layout.ts';

/** Raise it when an image is stored in another form. */
const version = 1;

/** The images of a run go into the store, so that another host can run them and an auditor can have them. */
export function createStoreImagesActivities(dependencies: Dependencies): Pick<Activities, 'storeImages'> {
  return {
    storeImages: (input) => {
      const inputs = { images: input.images.map(({ id, role }) => ({ id, role })) };
      return runStage(dependencies, input, 'store-images', { version, inputs }, async (context) => {
        const artifacts = await keepImages(dependencies, input.images, context);
        const bytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        return { result: { artifacts, summary: `${input.images.length} images, ${bytes} bytes` } };
      });
    },
  };
}
