import type { Activities } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage } from '../stage.ts';
import { verifyStored } from './verify.ts';

/** Raise it when what is looked up changes. */
const version = 2;

/** Sees that everything that the stages before stored is there: what is evaluated can be audited. */
export function createUploadActivities(dependencies: Dependencies): Pick<Activities, 'upload'> {
  return {
    upload: (input) => {
      // Sorted, since stages that run beside each other end in any order.
      const inputs = { artifacts: input.artifacts.map(({ path, sha256 }) => `${path} ${sha256}`).sort() };
      return runStage(dependencies, input, 'upload', { version, inputs }, async (context) => {
        const { objects, bytes } = await verifyStored(dependencies.store, input.artifacts, context);
        return { result: { artifacts: [], objects, bytes, summary: `${objects} objects, ${bytes} bytes are in the store` } };
      });
    },
  };
}
