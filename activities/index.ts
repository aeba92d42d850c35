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
import { dependenciesOfRun, type SecretsOfInput } from './secrets/of-run.ts';
import { outcomeOrThrow } from './stage.ts';
import { createStoreImagesActivities } from './store-images/index.ts';
import { createTrainActivities } from './train/index.ts';
import { createUploadActivities } from './upload/index.ts';

/** What a run brings of secrets reaches its own activities only. */
export function createActivities(dependencies: Dependencies): Activities {
  const shared = activitiesOf(dependencies);
  const ofRun = (name: keyof Activities) => async (input: SecretsOfInput) => {
    const own = await dependenciesOfRun(dependencies, input).catch(outcomeOrThrow);
    if ('status' in own) return own;
    return (own === dependencies ? shared : activitiesOf(own))[name](input as never);
  };
  const stages = Object.keys(shared).filter((name) => name !== 'cleanUp') as (keyof Activities)[];
  return { ...shared, ...(Object.fromEntries(stages.map((name) => [name, ofRun(name)])) as Partial<Activities>) };
}

function activitiesOf(dependencies: Dependencies): Activities {
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
