import { createHash } from 'node:crypto';
import { limits, type Artifact, type ImageRecording, type ImageRepairs, type LockedImage } from '../../domain/index.ts';
import type { Activities, BuildResult, ImageReference, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { isAbort } from '../io/docker/errors.ts';
import { imageExists } from '../io/docker/images.ts';
import { getTree } from '../io/trees.ts';
import { logRedactor, withStageLog, type StageLog } from '../logs/index.ts';
import { recordingArtifact } from '../record/recordings.ts';
import { storedLayout } from '../store-images/index.ts';
import { runStage, type CacheIdentity, type StageContext, type StageResult } from '../stage.ts';
import { buildImage } from './image.ts';
import { keepLocks, lockSummary } from './locks.ts';
import { buildInputs, plannedBuilds, type PlannedBuild } from './plan.ts';
import { recordingSummary, trustedBundle, type BuildMode } from './recorded.ts';
import { keepRepairs, repairSummary } from './repairs.ts';
import { secretsOf } from '../secrets/inject.ts';

type BuildInput = Parameters<Activities['build']>[0];

/** The stage that builds the images of a submission, one after the other, on this host's engine. */
export function createBuildActivities(dependencies: Dependencies): Pick<Activities, 'build'> {
  return {
    build: (input) =>
      runStage(dependencies, input, 'build', () => identityOf(dependencies, input), (context) =>
        withStageLog(dependencies, context, logRedactor(dependencies.settings), (log) => buildImages(dependencies, input, context, log)),
      ),
  };
}

/**
 * Builds every image, names it by its id, and keeps the log. `limits.buildTimeoutMs` is for all of them together.
 * Failures: the BUILD_ codes, SECRET_MISSING, SECRET_EXPOSED, BASE_IMAGE_UNAVAILABLE, REGISTRY_UNREACHABLE, DOCKERFILE_INVALID, DISK_FULL, DOCKERFILE_UNSUPPORTED, ENGINE_UNREACHABLE.
 */
export async function buildImages(
  dependencies: Dependencies,
  { submission, pin, fresh }: Pick<BuildInput, 'submission' | 'pin' | 'fresh'>,
  context: StageContext,
  log: StageLog,
  timeoutMs: number = limits.buildTimeoutMs,
  mode: BuildMode = 'either',
): Promise<StageResult<BuildResult>> {
  const snapshot = await getTree(dependencies.store, submission.snapshot);
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([context.signal, timeout]);
  const images: ImageReference[] = [];
  const locks: LockedImage[] = [];
  const recordings: ImageRecording[] = [];
  const repaired: ImageRepairs[] = [];
  const secrets = secretsOf(submission, dependencies.settings);
  for (const build of plannedBuilds(submission, pin)) {
    try {
      const given = { snapshot, sha256: submission.snapshot, pinReport: pin.report, secrets, fresh, mode };
      const { image, lock, recording, repairs } = await buildImage(dependencies, build, given, { ...context, signal }, log);
      images.push(image);
      if (lock) locks.push(lock);
      if (recording) recordings.push(recording);
      if (repairs) repaired.push(repairs);
    } catch (error) {
      if (timeout.aborted && !context.signal.aborted && (isAbort(error) || error === timeout.reason)) throw timedOut(build, log, timeoutMs);
      throw error;
    }
  }
  const artifact = await log.close();
  const { store } = dependencies;
  const recorded = await Promise.all(recordings.map((each) => recordingArtifact(store, each)));
  const result = resultOf(images, [artifact, ...(await keepLocks(store, locks)), ...recorded, ...(await keepRepairs(store, repaired))], locks);
  const summary = [result.summary, ...recordingSummary(recordings), ...repairSummary(repaired)].join('; ');
  const also = { ...(recordings.length === 0 ? {} : { recordings }), ...(repaired.length === 0 ? {} : { repairs: repaired }) };
  return { logKey: artifact.key, result: { ...result, summary, ...also } };
}

/**
 * Builds every image from its recording alone, never out, taking nothing from the engine's cache. Failures: as buildImages, and
 * REPLAY_MISSING_REQUEST where something was asked that is not in the recording, or there is none.
 */
export async function replayBuild(
  dependencies: Dependencies,
  { submission, pin }: Pick<BuildInput, 'submission' | 'pin'>,
  context: StageContext,
  log: StageLog,
): Promise<StageResult<BuildResult>> {
  return buildImages(dependencies, { submission, pin, fresh: false }, context, log, limits.buildTimeoutMs, 'replay');
}

/** A stored result holds where the engine still has the images, or the store, from which whoever runs them takes them. */
async function identityOf({ docker, store, settings }: Dependencies, input: BuildInput & StageRun): Promise<CacheIdentity<BuildResult>> {
  const caBundle = await trustedBundle(settings);
  const caBundleSha256 = caBundle && createHash('sha256').update(caBundle).digest('hex');
  return {
    version: 1,
    inputs: buildInputs(input.submission, plannedBuilds(input.submission, input.pin), caBundleSha256),
    stillValid: async ({ images }) => (await Promise.all(images.map(async ({ id }) => (await imageExists(docker, id)) || (await storedLayout(store, id)) !== undefined))).every(Boolean),
  };
}

function timedOut({ dockerfile }: PlannedBuild, log: StageLog, timeoutMs: number): Error {
  const last = log.lastLine();
  return failure('BUILD_TIMEOUT', `${dockerfile}: the build took longer than ${timeoutMs / 1_000} s${last === undefined ? '' : `; last output: ${last}`}`);
}

function resultOf(images: ImageReference[], artifacts: Artifact[], locks: LockedImage[]): BuildResult {
  const sizes = images.map(({ role, sizeBytes }) => `${role} ${(sizeBytes / 1024 ** 2).toFixed(0)} MiB`);
  const counted = images.length === 1 ? '1 image' : `${images.length} images`;
  return { images, artifacts, summary: [`${counted}: ${sizes.join(', ')}`, ...lockSummary(locks)].join('; ') };
}
