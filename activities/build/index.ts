import { createHash } from 'node:crypto';
import { type Artifact, type ImageRecording, limits, type LockedImage, type Tree } from '../../domain/index.ts';
import type { Activities, BuildResult, ImageReference, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { getBlob } from '../io/blobs.ts';
import { isAbort } from '../io/docker/errors.ts';
import { imageExists, imageSize, tagImage } from '../io/docker/images.ts';
import { getTree, readTreeFile } from '../io/trees.ts';
import { logRedactor, withStageLog, type StageLog } from '../logs/index.ts';
import { runStage, type CacheIdentity, type StageContext, type StageResult } from '../stage.ts';
import { refuseInwardAdds } from './added-addresses.ts';
import { buildFailure } from './build-failure.ts';
import { contextTar } from './context.ts';
import type { BuildObserver } from './engine-build.ts';
import { buildInputs, plannedBuilds, type PlannedBuild } from './plan.ts';
import { openBuildIndex, type BuildIndex } from '../pin/by-date/build-index.ts';
import { keepLocks, lockOf, lockSummary } from './locks.ts';
import { recordingArtifact } from '../record/recordings.ts';
import { lockWithRecording, recordingSummary, runBuild, trustedBundle, type BuildMode } from './recorded.ts';
import { stepsOf } from './steps.ts';

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
 * Failures: the BUILD_ codes, BASE_IMAGE_UNAVAILABLE, REGISTRY_UNREACHABLE, DOCKERFILE_INVALID, DISK_FULL, ENGINE_UNREACHABLE.
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
  for (const build of plannedBuilds(submission, pin)) {
    try {
      const given = { snapshot, sha256: submission.snapshot, pinReport: pin.report, fresh, mode };
      const { image, lock, recording } = await buildImage(dependencies, build, given, { ...context, signal }, log);
      images.push(image);
      if (lock) locks.push(lock);
      if (recording) recordings.push(recording);
    } catch (error) {
      if (timeout.aborted && !context.signal.aborted && (isAbort(error) || error === timeout.reason)) throw timedOut(build, log, timeoutMs);
      throw error;
    }
  }
  const artifact = await log.close();
  const { store } = dependencies;
  const recorded = await Promise.all(recordings.map((each) => recordingArtifact(store, each)));
  const result = resultOf(images, [artifact, ...(await keepLocks(store, locks)), ...recorded], locks);
  const summary = [result.summary, ...recordingSummary(recordings)].join('; ');
  return { logKey: artifact.key, result: { ...result, summary, ...(recordings.length === 0 ? {} : { recordings }) } };
}

interface BuiltImage {
  image: ImageReference;
  lock: LockedImage | undefined;
  recording: ImageRecording | undefined;
}

interface GivenBuild {
  snapshot: Tree;
  /** Of the snapshot. */
  sha256: string;
  pinReport: string;
  fresh: boolean;
  mode: BuildMode;
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

async function buildImage(
  dependencies: Dependencies,
  build: PlannedBuild,
  { snapshot, sha256, pinReport, fresh, mode }: GivenBuild,
  context: StageContext,
  log: StageLog,
): Promise<BuiltImage> {
  const { docker, store, settings } = dependencies;
  const dockerfile = await getBlob(store, build.pinned);
  await refuseInwardAdds(build.dockerfile, dockerfile, settings.recording?.reachable);
  const original = await readTreeFile(store, snapshot, build.dockerfile);
  const steps = stepsOf(textOf(dockerfile), textOf(original ?? dockerfile));
  const caBundle = await trustedBundle(settings);
  await log.write(`building ${build.dockerfile} (${build.role}) in ${build.context}\n`);
  const index = await openBuildIndex(docker, settings, textOf(dockerfile));
  try {
    const openContext = (): ReturnType<typeof contextTar> => contextTar(store, snapshot, build, { dockerfile, caBundle });
    const observer = alsoRecorded(observerOf(build, context, log), index);
    const { built, recording, cause } = await runBuild(dependencies, context, { build, snapshot: sha256, openContext, observer, indexProxyUrl: index?.proxyUrl, fresh, mode });
    if (built.status === 'failed') {
      await log.write(`${built.end.error}\n`);
      throw buildFailure(build.dockerfile, steps, built.step, built.end, index?.recorder.steps().at(-1)?.unreachable.at(-1), cause);
    }
    await tagImage(docker, build.role, built.imageId);
    const lock = index && (await lockOf(store, pinReport, build, steps, index));
    const image = { role: build.role, id: built.imageId, sizeBytes: await imageSize(docker, built.imageId) };
    return { image, recording, lock: await lockWithRecording(store, recording, lock) };
  } finally {
    await index?.close();
  }
}

/** The package index is told which step asks it. */
function alsoRecorded(observer: BuildObserver, index: BuildIndex | undefined): BuildObserver {
  if (!index) return observer;
  return {
    onStep(step) {
      index.recorder.onStep(step);
      observer.onStep(step);
    },
    onOutput(text) {
      index.recorder.onOutput(text);
      return observer.onOutput(text);
    },
  };
}

/** Reports each step at once and its output once a second: a heartbeat for every line would be thousands. */
function observerOf({ dockerfile }: PlannedBuild, context: StageContext, log: StageLog): BuildObserver {
  let latest: Parameters<StageContext['report']>[0] = { message: dockerfile };
  let reportedAt = 0;
  return {
    onStep({ number, total, text }) {
      latest = { message: `${dockerfile}: Step ${number}/${total} : ${text.slice(0, limits.lastLineCharacters)}`, done: number, total };
      context.report(latest);
    },
    async onOutput(text) {
      await log.write(text);
      const lastLogLine = log.lastLine();
      if (lastLogLine === undefined || Date.now() - reportedAt < 1_000) return;
      reportedAt = Date.now();
      context.report({ ...latest, lastLogLine });
    },
  };
}

/** The images themselves are not in the store before upload, so a stored result holds only where the engine still has them. */
async function identityOf({ docker, settings }: Dependencies, input: BuildInput & StageRun): Promise<CacheIdentity<BuildResult>> {
  const caBundle = await trustedBundle(settings);
  const caBundleSha256 = caBundle && createHash('sha256').update(caBundle).digest('hex');
  return {
    version: 1,
    inputs: buildInputs(input.submission, plannedBuilds(input.submission, input.pin), caBundleSha256),
    stillValid: async ({ images }) => (await Promise.all(images.map(({ id }) => imageExists(docker, id)))).every(Boolean),
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
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
