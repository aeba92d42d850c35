import {
  type Artifact,
  blobKey,
  cacheKey,
  hostQueue,
  limits,
  mediaTypes,
  ReproductionRequest,
  type Submission,
  SuiteStage,
  type Tree,
  treeSizeBytes,
} from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import type { Activities, IntakeResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { requireFreeDisk } from '../io/disk.ts';
import type { ObjectStore } from '../io/store.ts';
import { getTree } from '../io/trees.ts';
import { runStage, type StageContext } from '../stage.ts';
import { discoverGpus, trainQueue } from './gpus.ts';
import { planSubmission, type PlannedSecrets } from './plan.ts';
import { findManifest, readDockerfiles } from './snapshot-files.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import { loadSuite, storeSuite, type KeptSuite } from './suite.ts';

export type IntakeDependencies = Pick<Dependencies, 'store' | 'settings'>;

/** Intake is not cached: what it looks at lies outside, and looking is how it finds out whether something changed. */
export function createIntakeActivities(dependencies: Dependencies): Pick<Activities, 'intake'> {
  return {
    intake: (input) =>
      runStage(dependencies, input, 'intake', undefined, async (context) => ({ result: await takeIn(dependencies, input.request, context) })),
  };
}

/**
 * From a request to a submission: snapshot, plan, suite, queues. Failures: the first part of the table (domain/failures.ts),
 * from REQUEST_INVALID to TRACK_UNAVAILABLE, DOCKERFILE_INVALID and DISK_FULL.
 */
export async function takeIn(dependencies: IntakeDependencies, given: unknown, context: StageContext): Promise<IntakeResult> {
  const { store, settings } = dependencies;
  const request = readRequest(given);
  await requireFreeDisk(settings.scratchDirectory, limits.freeDiskBytes);
  const suite = request.suite.kind === 'stored' ? await loadSuite(store, request.suite.suite) : await storeSuite(dependencies, request.suite.path, metricNames);
  const snapshot = await takeSnapshot(dependencies, request.source, context);
  const tree = await getTree(store, snapshot.tree);
  const { submission, notes } = await planSnapshot(dependencies, request, snapshot, { given: new Set(Object.keys(settings.secrets)), named: request.secrets?.names ?? [] });
  const gpus = submission.track === 'cpu' ? [] : await discoverGpus(settings.offeredGpus);
  return {
    submission,
    suite: suite.suite,
    suiteStages: stagesOf(suite),
    queues: { host: hostQueue(settings.host), train: trainQueue(submission.track, settings.host, context.run, gpus) },
    artifacts: [treeArtifact(snapshot.tree, await sizeOf(store, snapshot.tree)), ...suite.artifacts],
    summary: summaryOf(submission, tree, [...snapshot.notes, ...notes]),
  };
}

/** Failures: REQUEST_INVALID with the name of each wrong field. */
export function readRequest(given: unknown): ReproductionRequest {
  const parsed = ReproductionRequest.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
  throw failure('REQUEST_INVALID', problems.join('; '));
}

/** What a snapshot holds that the request asks for. */
export async function planSnapshot(
  { store }: Pick<IntakeDependencies, 'store'>,
  request: ReproductionRequest,
  snapshot: Snapshot,
  secrets: PlannedSecrets,
): Promise<{ submission: Submission; notes: string[] }> {
  const tree = await getTree(store, snapshot.tree);
  const manifest = await findManifest(store, tree, request.submission);
  const { submission, notes } = planSubmission({
    tree,
    dockerfiles: await readDockerfiles(store, tree, request.dockerfile, manifest),
    manifest,
    request,
    origin: snapshot.origin,
    commitDate: snapshot.commitDate,
    firstSeen: await firstSeen(store, snapshot.tree),
    secrets,
  });
  const { tree: sha256, origin, commit } = snapshot;
  return { submission: { ...submission, snapshot: sha256, origin, ...(commit === undefined ? {} : { commit }) }, notes };
}

/** When this snapshot came in first, so that the same files without a date of their own are resolved as of the same day. */
async function firstSeen(store: ObjectStore, tree: string): Promise<string> {
  const key = cacheKey('snapshot-time', tree);
  await store.putIfAbsent(key, Buffer.from(JSON.stringify({ firstSeen: new Date().toISOString() })), mediaTypes.json);
  const stored = await store.get(key);
  if (!stored) throw failure('STORE_UNREACHABLE', `the object ${key} was written and is not there`);
  return (JSON.parse(Buffer.from(stored).toString('utf8')) as { firstSeen: string }).firstSeen;
}

function stagesOf({ stored }: KeptSuite): SuiteStage[] {
  return SuiteStage.options.filter((stage) => stored.stages[stage] !== undefined);
}

function treeArtifact(sha256: string, sizeBytes: number): Artifact {
  return { path: 'snapshot/tree.json', key: blobKey(sha256), sha256, sizeBytes, mediaType: mediaTypes.tree, role: 'snapshot' };
}

async function sizeOf(store: ObjectStore, sha256: string): Promise<number> {
  const found = await store.head(blobKey(sha256));
  if (!found) throw failure('STORE_CORRUPT', `the object ${blobKey(sha256)} is missing`);
  return found.sizeBytes;
}

function summaryOf({ name, images, commit }: Submission, tree: Tree, notes: string[]): string {
  const files = tree.entries.filter(({ type }) => type === 'file').length;
  const roles = images.map(({ role, dockerfile }) => `${role}: ${dockerfile}`).join(', ');
  const at = commit === undefined ? '' : ` at ${commit.slice(0, 12)}`;
  return [`${name}${at}: ${files} files, ${treeSizeBytes(tree)} bytes; ${roles}`, ...notes].join('; ');
}
