import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { canonicalJson, mediaTypes, type PinnedBase, type Submission, type Tree } from '../../domain/index.ts';
import type { Activities, PinResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree, readTreeFile } from '../io/trees.ts';
import { runStage, type StageContext, type StageResult } from '../stage.ts';
import { createBaseResolver, type BaseResolver } from './base-image.ts';
import { createCommitFinder, dateCommits } from './by-date/git-inputs.ts';
import { shown } from './by-date/http.ts';
import { imageDates } from './by-date/image-dates.ts';
import { undated, withKnownChannels } from './by-date/undated.ts';
import { pinReport, planImage, type ImagePlan } from './plan.ts';
import { rewrite } from './rewrite.ts';
import { sourceFiles, type SourceFiles } from './source-files.ts';

/** The pin stage: what the builds take in is listed, the bases become digests, and the Dockerfiles are rewritten by the least. */
export function createPinActivities(dependencies: Dependencies): Pick<Activities, 'pin'> {
  return {
    async pin({ submission, ...stageRun }) {
      const { imageMap, caBundle, pipIndexUrl } = dependencies.settings;
      const authority = await hashOf(caBundle);
      const inputs = { snapshot: submission.snapshot, images: submission.images, asOf: submission.asOf.date, imageMap, caBundle: authority.sha256, recorded: dependencies.settings.recording !== undefined, pipIndex: pipIndexUrl === undefined ? null : shown(pipIndexUrl), aptSnapshot: dependencies.settings.aptSnapshot ?? {}, condaChannels: dependencies.settings.condaChannels ?? [] };
      const cache = authority.error === undefined ? { version: 4, inputs } : undefined;
      return runStage(dependencies, stageRun, 'pin', cache, (context) => {
        if (authority.error !== undefined) throw authority.error;
        return pinSubmission(dependencies, submission, context);
      });
    },
  };
}

/**
 * Pins every image of a submission; the same inside Temporal and on the command line. Stores pin-report.json and one
 * Dockerfile for each role. Failures: DOCKERFILE_INVALID, BASE_IMAGE_UNAVAILABLE, REGISTRY_UNREACHABLE, PACKAGE_INDEX_UNREACHABLE,
 * ENGINE_UNREACHABLE.
 */
export async function pinSubmission(
  dependencies: Pick<Dependencies, 'store' | 'docker' | 'settings'>,
  submission: Pick<Submission, 'snapshot' | 'images' | 'asOf'>,
  context: Pick<StageContext, 'signal' | 'report'>,
): Promise<StageResult<PinResult>> {
  const { store, docker, settings } = dependencies;
  const files = snapshotFiles(store, await getTree(store, submission.snapshot));
  const plans: ImagePlan[] = [];
  for (const image of submission.images) {
    const plan = await planImage(files, image);
    plans.push({ ...plan, inputs: withKnownChannels(plan.inputs, settings.condaChannels ?? []) });
  }
  const resolver = createBaseResolver({
    docker,
    settings,
    asOf: submission.asOf.date,
    signal: context.signal,
    report: (message) => context.report({ message }),
  });
  const dates = await imageDates(settings, submission.asOf.date, plans, context.signal);
  const findCommit = createCommitFinder(submission.asOf.date, { ...settings, reachable: settings.recording?.reachable ?? [], signal: context.signal });
  const images = [];
  for (const [index, plan] of plans.entries()) {
    const bases = await resolveAll(plan, resolver);
    const { inputs, commits, lines } = await dateCommits(plan, findCommit);
    const date = dates[index];
    const rewritten = rewrite({ ...plan.dockerfile, lines }, bases, settings.caBundle !== undefined || settings.recording !== undefined, date?.dated, commits, plan.replaced);
    const settled = inputs.map((input) => undated(input, { pip: settings.pipIndexUrl !== undefined, npm: date?.dated.npm ?? false, apt: date?.dated.apt ?? false, conda: date?.dated.conda ?? false }));
    images.push({ plan: { ...plan, inputs: settled }, bases, commits, cutOff: date?.cutOff, ...rewritten });
  }
  const report = pinReport(submission.asOf.date, images);
  return { result: await keep(store, report, images) };
}

/** A stored tree as the analysis reads it. */
function snapshotFiles(store: ObjectStore, tree: Tree): SourceFiles {
  const files = tree.entries.filter((entry) => entry.type !== 'directory').map((entry) => entry.path);
  const directories = tree.entries.filter((entry) => entry.type === 'directory').map((entry) => entry.path);
  return sourceFiles(files, directories, (path) => readTreeFile(store, tree, path));
}

async function resolveAll(plan: ImagePlan, resolver: BaseResolver): Promise<PinnedBase[]> {
  const bases: PinnedBase[] = [];
  for (const { reference, instruction } of plan.bases) bases.push(await resolver.resolve(reference, instruction.line));
  return bases;
}

async function keep(store: ObjectStore, report: ReturnType<typeof pinReport>, images: { plan: ImagePlan; text: string }[]): Promise<PinResult> {
  const reportBlob = await putBlob(store, Buffer.from(canonicalJson(report)), mediaTypes.json);
  const dockerfiles: PinResult['dockerfiles'] = [];
  for (const { plan, text } of images) {
    const { role } = plan.image;
    const blob = await putBlob(store, Buffer.from(text), mediaTypes.text);
    dockerfiles.push({ role, artifact: artifactOf(blob, `pin/${role}.Dockerfile`, 'dockerfile') });
  }
  return {
    artifacts: [artifactOf(reportBlob, 'pin/pin-report.json', 'pin-report'), ...dockerfiles.map((each) => each.artifact)],
    summary: report.summary,
    dockerfiles,
    report: reportBlob.sha256,
  };
}

async function hashOf(caBundle: string | undefined): Promise<{ sha256: string | null; error?: Error }> {
  if (caBundle === undefined) return { sha256: null };
  try {
    return {
      sha256: createHash('sha256')
        .update(await readFile(caBundle))
        .digest('hex'),
    };
  } catch (error) {
    return { sha256: null, error: failure('REQUEST_INVALID', `the CA bundle ${caBundle} cannot be read (REPRISE_CA_BUNDLE)`, { cause: error }) };
  }
}
