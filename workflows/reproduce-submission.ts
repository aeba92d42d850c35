import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { ReproductionRequest, Run, StageName } from '../domain/index.ts';
import type { IntakeResult } from './contract.ts';
import { ChainStopped, close, openLedger, skip, skipWaiting, type Ledger } from './ledger.ts';
import {
  attest,
  buildImages,
  cleanUp,
  evaluate,
  forgetSecrets,
  pinDependencies,
  scanImages,
  scanOutput,
  scanSource,
  scoreAnswers,
  storeImages,
  takeIn,
  trainModel,
  uploadArtifacts,
  type Reproduction,
} from './steps.ts';

const stages: readonly StageName[] = [
  'intake',
  'scan-source',
  'pin',
  'build',
  'scan-images',
  'store-images',
  'train',
  'scan-outputs',
  'upload',
  'evaluate-open',
  'evaluate-closed',
  'score',
  'attest',
];

/**
 * Takes one submission from its source to a signed score. Completes with the state of the run, also when the submission does
 * not reproduce; fails only where the request itself is of no use (type REQUEST_INVALID and the other codes of intake).
 */
export async function reproduceSubmission(request: ReproductionRequest): Promise<Run> {
  const ledger = openLedger(request, stages);
  try {
    const intake = await admit(request, ledger);
    return close(ledger, await reproduce(request, intake, ledger));
  } catch (error) {
    close(ledger, isCancellation(error) ? 'cancelled' : 'failed');
    throw error;
  }
}

/** The method, one line a stage. */
async function chain(reproduction: Reproduction): Promise<void> {
  await scanSource(reproduction);
  const pin = await pinDependencies(reproduction);
  const images = await buildImages(reproduction, pin);
  const output = await besides([scanImages(reproduction, images), storeImages(reproduction, images)], trainModel(reproduction, images));
  await scanOutput(reproduction, output);
  await uploadArtifacts(reproduction);
  const open = await evaluate(reproduction, 'open', images, output);
  const closed = await evaluate(reproduction, 'closed', images, output);
  await scoreAnswers(reproduction, [...open, ...closed]);
}

async function admit(request: ReproductionRequest, ledger: Ledger): Promise<IntakeResult> {
  try {
    return await takeIn(request, ledger);
  } catch (error) {
    await forgetSecrets(request, ledger);
    if (!(error instanceof ChainStopped)) throw error;
    skipWaiting(ledger, 'the submission was not taken in');
    skip(ledger, 'attest', 'there is nothing to attest');
    const { code, message, nextStep } = error.failure;
    throw ApplicationFailure.nonRetryable(`${message} Next: ${nextStep}`, code);
  }
}

/** Whatever the chain came to is attested, and nothing stays in the engine. */
async function reproduce(request: ReproductionRequest, intake: IntakeResult, ledger: Ledger): Promise<Run['status']> {
  const reproduction: Reproduction = { request, intake, ledger, place: { queues: intake.queues }, evidence: { images: [], scans: [] } };
  try {
    const cameToItsEnd = await endOf(chain(reproduction), ledger);
    const isAttested = await endOf(attest(reproduction), ledger);
    return cameToItsEnd && isAttested ? 'completed' : 'failed';
  } finally {
    await cleanUp(reproduction);
  }
}

/** Waits for all, so that nothing of a stopped chain goes on while it is attested, and gives the main one's result. */
async function besides<Result>(others: Promise<void>[], main: Promise<Result>): Promise<Result> {
  const settled = await Promise.allSettled([main, ...others]);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return main;
}

async function endOf(part: Promise<void>, ledger: Ledger): Promise<boolean> {
  try {
    await part;
    return true;
  } catch (error) {
    if (!(error instanceof ChainStopped)) throw error;
    skipWaiting(ledger, 'a stage before it failed');
    return false;
  }
}
