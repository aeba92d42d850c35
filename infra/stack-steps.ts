import { createS3Store, ensureBucket } from '../activities/io/s3.ts';
import { baseImageStep } from './base-image/step.ts';
import { binaries, binaryStep, findBinary, type Binary } from './binaries.ts';
import type { Config } from './config.ts';
import { checkDisk } from './disk.ts';
import { engineProgramStep, engineStep, gvisor, gvisorProgramStep } from './engine.ts';
import { keysStep } from './keys.ts';
import { localStoreCredentials } from './local-store.ts';
import { namespaceStep } from './namespace.ts';
import { localParts, storePart, temporalPart, workerPart } from './parts.ts';
import { probeStore, probeTemporal, probeWorker } from './probes.ts';
import { startPartStep } from './start-part.ts';
import { SetupError, type Step } from './step.ts';
import { storeOptions } from './store-probe.ts';
import type { Supervision } from './supervisor/supervision.ts';

/** Everything that `up` sees to, in the order in which one thing needs another. */
export function stackSteps(config: Config, supervision: Supervision): Step[] {
  const local = localParts(config);
  return [
    diskStep(config),
    keysStep(config),
    engineProgramStep(config),
    ...(config.containerRuntime === gvisor ? [gvisorProgramStep(config, supervision)] : []),
    engineStep(config, supervision),
    ...(local.includes('s3') ? storeSteps(config, supervision) : []),
    ...(local.includes('temporal') ? temporalSteps(config, supervision) : []),
    namespaceStep(config),
    bucketStep(config),
    baseImageStep(config),
    startPartStep(config, supervision, 'worker', async () => workerPart(config), (sinceMs) => probeWorker(config, sinceMs)),
  ];
}

/** What servers that run already need before a worker can use them. */
export function prepareSteps(config: Config): Step[] {
  return [keysStep(config), namespaceStep(config), bucketStep(config)];
}

function storeSteps(config: Config, supervision: Supervision): Step[] {
  const part = async () => storePart(config, await presentBinary(config, binaries.versitygw));
  return [binaryStep(config, binaries.versitygw), startPartStep(config, supervision, 's3', part, () => probeStore(config))];
}

function temporalSteps(config: Config, supervision: Supervision): Step[] {
  const part = async () => temporalPart(config, await presentBinary(config, binaries.temporal));
  return [binaryStep(config, binaries.temporal), startPartStep(config, supervision, 'temporal', part, () => probeTemporal(config))];
}

async function presentBinary(config: Config, binary: Binary): Promise<string> {
  const path = await findBinary(config, binary);
  if (path !== undefined) return path;
  throw new SetupError(`the program ${binary.name} is gone`, 'Run `reprise up` again.');
}

function diskStep(config: Config): Step {
  return {
    name: 'Free disk',
    check: () => checkDisk(config.home),
    // Only the operator knows what may go; the check that follows says how much is missing.
    apply: async () => undefined,
  };
}

function bucketStep(config: Config): Step {
  // The keys of the local store are made by a step before this one.
  const options = () => storeOptions({ ...config, ...localStoreCredentials(config) });
  return {
    name: `Bucket ${config.s3Bucket}`,
    async check() {
      try {
        await createS3Store(options()).list('probe/')[Symbol.asyncIterator]().next();
        return 'ok';
      } catch (error) {
        return { problem: (error as Error).message, nextStep: 'Correct the endpoint and the keys of the object store; `reprise doctor` shows them.' };
      }
    },
    apply: () => ensureBucket(options()),
  };
}
