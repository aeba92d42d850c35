import type { Activities } from '../workflows/contract.ts';
import { createAttestActivities } from './attest/index.ts';
import { createBuildActivities } from './build/index.ts';
import { createCleanUpActivities } from './cleanup.ts';
import type { Dependencies } from './dependencies.ts';
import { createEvaluateActivities } from './evaluate/index.ts';
import { createIntakeActivities } from './intake/index.ts';
import { createPinActivities } from './pin/index.ts';
import { createRouteActivities } from './route.ts';
import { createScanActivities } from './scan/index.ts';
import { createScoreActivities } from './score/index.ts';
import { createStoreImagesActivities } from './store-images/index.ts';
import { createTrainActivities } from './train/index.ts';
import { createUploadActivities } from './upload/index.ts';

export function createActivities(dependencies: Dependencies): Activities {
  return {
    ...createIntakeActivities(dependencies),
    ...createScanActivities(dependencies),
    ...createPinActivities(dependencies),
    ...createBuildActivities(dependencies),
    ...createStoreImagesActivities(dependencies),
    ...createTrainActivities(dependencies),
    ...createUploadActivities(dependencies),
    ...createEvaluateActivities(dependencies),
    ...createScoreActivities(dependencies),
    ...createAttestActivities(dependencies),
    ...createRouteActivities(dependencies),
    ...createCleanUpActivities(dependencies),
  };
}
