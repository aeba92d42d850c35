import type { ApplicationFailure } from '@temporalio/common';
import { limits, mediaTypes, type ImageRecording, type ImageRepairs, type LockedImage, type PinReport, type Tree } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { getBlob, putBlob } from '../io/blobs.ts';
import { imageSize, tagImage } from '../io/docker/images.ts';
import { readTreeFile } from '../io/trees.ts';
import type { StageLog } from '../logs/index.ts';
import { indexInstants } from '../pin/by-date/address.ts';
import { openBuildIndex } from '../pin/by-date/build-index.ts';
import { refuseInwardBases } from '../pin/registry-guard.ts';
import { createMask } from '../secrets/mask.ts';
import type { StageContext } from '../stage.ts';
import { stepsWithAdded, withAddedStages } from './added-stages.ts';
import { alsoBound } from './bind-files.ts';
import { buildFailure } from './build-failure.ts';
import { contextOf, contextTar } from './context.ts';
import { refuseExposedImage } from './exposed-image.ts';
import { forClassicBuilder } from './classic-builder.ts';
import { lockOf, reportOf } from './locks.ts';
import { alsoRecorded, observerOf } from './observer.ts';
import type { PlannedBuild } from './plan.ts';
import { lockWithRecording, runBuild, trustedBundle, type BuildMode, type BuildRun } from './recorded.ts';
import { createFactFinder } from './repair/find-facts.ts';
import { buildRepairing, leastFaithful, type BuildTry } from './repair/loop.ts';
import { withSecretSteps } from './secret-steps.ts';
import { originalLineOf, stepsOf } from './steps.ts';

export interface BuiltImage {
  image: ImageReference;
  lock: LockedImage | undefined;
  recording: ImageRecording | undefined;
}

export interface GivenBuild {
  snapshot: Tree;
  /** Of the snapshot. */
  sha256: string;
  pinReport: string;
  /** Values that the steps get. */
  secrets: Record<string, string>;
  fresh: boolean;
  mode: BuildMode;
}

/** The surroundings of one image's build. */
interface Work {
  dependencies: Dependencies;
  build: PlannedBuild;
  given: GivenBuild;
  context: StageContext;
  log: StageLog;
}

/**
 * Builds one image from its pinned Dockerfile, repaired where a step breaks for a cause that is known. Failures: as buildImages.
 */
export async function buildImage(dependencies: Dependencies, build: PlannedBuild, given: GivenBuild, context: StageContext, log: StageLog): Promise<BuiltImage & { repairs: ImageRepairs | undefined }> {
  const { store, settings } = dependencies;
  const pinned = textOf(await getBlob(store, build.pinned));
  const before = indexInstants(pinned)[0];
  const { role, dockerfile } = build;
  const work: Work = { dependencies, build, given, context, log };
  const report = (await reportOf(store, given.pinReport))?.images.find((image) => image.role === role);
  const facts = createFactFinder(settings, { before, replacedBase: isReplaced(report), signal: context.signal });
  try {
    const { built, repairs } = await buildRepairing({
      store,
      role,
      dockerfile,
      inputs: { snapshot: given.sha256, context: build.context, pinned: build.pinned },
      pinned,
      before,
      remembered: !given.fresh && given.mode !== 'record',
      repairing: given.mode !== 'replay',
      build: (text) => buildOnce(work, text),
      factsOf: facts.about,
      async say(message) {
        await log.write(`reprise: ${message}\n`);
        context.report({ message: `${dockerfile}: ${message}`.slice(0, limits.lastLineCharacters) });
      },
    });
    return { ...built, lock: built.lock && repairs ? repairedLock(built.lock, repairs) : built.lock, repairs };
  } finally {
    facts.close();
  }
}

/** What a repair changed, the image's packages are not as of the date. */
function repairedLock(lock: LockedImage, { fidelity, attempts }: ImageRepairs): LockedImage {
  const reasons = attempts.filter(({ result }) => result !== 'no-help').map(({ repair, change }) => `repaired (${repair}): ${change}`);
  return { ...lock, fidelity: leastFaithful([lock.fidelity, fidelity]), reasons: [...lock.reasons, ...reasons] };
}

/** The engine builds on an image that is not the one which the submission names. */
function isReplaced(report: PinReport['images'][number] | undefined): boolean {
  return report?.bases.some(({ fidelity }) => fidelity === 'substitution') ?? false;
}

async function buildOnce({ dependencies, build, given, context, log }: Work, text: string): Promise<BuildTry<BuiltImage>> {
  const { docker, store, settings } = dependencies;
  const pinned = await putBlob(store, Buffer.from(text), mediaTypes.text);
  const { text: older, documents, copies, stages, bound } = forClassicBuilder(build.dockerfile, text, { snapshot: given.sha256, context: build.context });
  const dockerfile = withSecretSteps(Buffer.from(older), build.dockerfile, Object.keys(given.secrets), bound);
  const original = await readTreeFile(store, given.snapshot, build.dockerfile);
  const mask = createMask(settings).text;
  const written = stepsOf(text, original === undefined ? text : textOf(original)).map((step) => ({ ...step, text: mask(step.text) }));
  const steps = stepsWithAdded(written, stages);
  const caBundle = await trustedBundle(settings);
  await log.write(`building ${build.dockerfile} (${build.role}) in ${build.context}\n`);
  await refuseInwardBases(build.dockerfile, text, (line) => originalLineOf(written, line), docker, settings);
  const index = await openBuildIndex(docker, settings, text);
  try {
    const openContext: BuildRun['openContext'] = (built, files) => contextTar(store, given.snapshot, build, { dockerfile: withAddedStages(built, stages), caBundle, files, documents, copies });
    const sources = { docker, owner: context, store, context: await contextOf(store, given.snapshot, build) };
    const observer = alsoBound(alsoRecorded(observerOf(build, { steps, mask }, context, log), index), bound, sources);
    const run = { build: { ...build, pinned: pinned.sha256 }, snapshot: given.sha256, lineOf: (line: number) => originalLineOf(written, line), dockerfile, openContext, observer, indexProxyUrl: index?.proxyUrl, ...(index ? { indexHosts: index.hosts } : {}), secrets: given.secrets, fresh: given.fresh, mode: given.mode };
    const { built, recording, cause } = await runBuild(dependencies, context, run);
    if (built.status === 'failed') {
      await log.write(`${built.end.error}\n`);
      // What the steps before took in is kept for the next try, which finds their layers in the cache.
      if (index?.before !== undefined) await lockOf(store, given.pinReport, build, steps, { ...index, before: index.before });
      const failing = built.step === undefined ? undefined : steps[built.step - 1];
      const failed: ApplicationFailure = buildFailure(build.dockerfile, steps, built.step, built.end, index?.recorder.steps().at(-1)?.unreachable.at(-1), cause);
      return { status: 'failed', failure: failed, end: built.end, pinnedLine: failing?.pinnedLine, line: failing?.line };
    }
    await refuseExposedImage(dependencies, build.dockerfile, built.imageId, context);
    await tagImage(docker, build.role, built.imageId);
    const lock = index?.before === undefined ? undefined : await lockOf(store, given.pinReport, build, steps, { ...index, before: index.before });
    const image = { role: build.role, id: built.imageId, sizeBytes: await imageSize(docker, built.imageId) };
    return { status: 'built', built: { image, recording, lock: await lockWithRecording(store, recording, lock) } };
  } finally {
    await index?.close();
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
