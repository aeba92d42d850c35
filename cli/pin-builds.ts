import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/client';
import pino from 'pino';
import { buildImages, replayBuild } from '../activities/build/index.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import { artifactOf, putBlob } from '../activities/io/blobs.ts';
import { withStageLog } from '../activities/logs/index.ts';
import { compareImages } from '../activities/record/compare.ts';
import type { StageContext } from '../activities/stage.ts';
import { failures, isFailureCode, mediaTypes, PinReport, type ImageComparison, type ImageRecording, type Submission } from '../domain/index.ts';
import type { BuildResult, PinResult } from '../workflows/contract.ts';
import { UsageError } from './errors.ts';
import { interruptible } from './interrupt.ts';

type World = Pick<Dependencies, 'store' | 'docker' | 'settings'>;
type Tell = (message: string) => void;

/** Throws UsageError where a directory holds no recorded builds, before anything is written to it. */
export function refuseUnrecorded(directory: string): void {
  if (!existsSync(join(directory, 'pin-report.json'))) throw notThere(join(directory, 'pin-report.json'));
}

/** What `reprise pin` wrote to a directory, as the build stage takes it. Throws UsageError where it is not there. */
export async function readPinned(store: Dependencies['store'], directory: string, submission: Submission): Promise<PinResult> {
  const read = (name: string): Promise<Buffer> =>
    readFile(join(directory, name)).catch(() => {
      throw notThere(join(directory, name));
    });
  const report = await putBlob(store, await read('pin-report.json'), mediaTypes.json);
  const dockerfiles: PinResult['dockerfiles'] = [];
  for (const { role } of submission.images) {
    const blob = await putBlob(store, await read(`${role}.Dockerfile`), mediaTypes.text);
    dockerfiles.push({ role, artifact: artifactOf(blob, `pin/${role}.Dockerfile`, 'dockerfile') });
  }
  return { dockerfiles, report: report.sha256, artifacts: [], summary: '' };
}

function notThere(path: string): UsageError {
  return new UsageError(`there is no ${path}`, 'Record the builds first: `reprise pin PATH --out DIR --record`.');
}

/** Builds every image while all that it takes in is recorded into the store, and removes it. Failures: as buildImages. */
export async function recordBuilds(world: World, submission: Submission, pin: PinResult, tell: Tell): Promise<BuiltImage[]> {
  const { recordings = [], images } = await built(world, tell, (dependencies, context, log) => buildImages(dependencies, { submission, pin, fresh: true }, context, log));
  await remove(world, images.map(({ id }) => id));
  return recordings.map((recording) => ({ role: recording.role, recording }));
}

/** What the builds of one image came to. */
export interface BuiltImage {
  role: ImageRecording['role'];
  recording?: ImageRecording;
  replays?: ImageComparison;
  unpinned?: string;
}

/**
 * Builds every image twice from the recording alone, compares the two, and removes them. A replay that fails leaves the
 * recording unpinned, with the reason. Failures: as buildImages, but for those of the submission.
 */
export async function replayBuilds(world: World, submission: Submission, pin: PinResult, tell: Tell): Promise<BuiltImage[]> {
  const replayed: BuiltImage[] = [];
  for (const image of submission.images) {
    const one = { ...submission, images: [image] };
    const once = (): Promise<BuildResult> => built(world, tell, (dependencies, context, log) => replayBuild(dependencies, { submission: one, pin }, context, log));
    const images: string[] = [];
    try {
      const results = [await once(), await once()];
      images.push(...results.flatMap((result) => result.images.map(({ id }) => id)));
      const [first = '', second = ''] = images;
      tell(`${image.role}: comparing the two replays`);
      const open = [...new Set(results.flatMap(({ recordings = [] }) => recordings.flatMap((each) => each.open)))];
      const recording = results[0]?.recordings?.[0];
      if (recording) replayed.push({ role: image.role, recording: { ...recording, verdict: open.length === 0 ? 'pinned' : 'recorded', open }, replays: await compareImages(world.docker, first, second) });
    } catch (error) {
      // Where the build itself is the reason; anything else is no answer.
      if (!(error instanceof ApplicationFailure) || !isFailureCode(error.type) || failures[error.type].fault !== 'submission') throw error;
      replayed.push({ role: image.role, unpinned: error.message });
    } finally {
      await remove(world, images);
    }
  }
  return replayed;
}

async function remove({ docker }: World, images: readonly string[]): Promise<void> {
  for (const id of new Set(images)) await docker.getImage(id).remove({ force: true });
}

/** The report with what the builds came to. */
export function withBuilds(report: PinReport, builds: readonly BuiltImage[]): PinReport {
  const images = report.images.map(({ unpinned: _earlier, replays: _replays, ...image }) => {
    const build = builds.find(({ role }) => role === image.role);
    const recording = build?.recording ?? (image.recording && { ...image.recording, verdict: 'recorded' });
    return { ...image, ...build, ...(recording ? { recording } : {}) };
  });
  return PinReport.parse({ ...report, images });
}

export function isPinned({ recording }: BuiltImage): boolean {
  return recording?.verdict === 'pinned';
}

/** One line for people. */
export function buildLine({ role, recording, replays, unpinned }: BuiltImage): string {
  if (!recording) return `${role}: not pinned: ${unpinned}`;
  const { verdict, requests, sizeBytes, open } = recording;
  const taken = `${role}: ${verdict}, ${requests} requests, ${(sizeBytes / 1024 ** 2).toFixed(0)} MiB`;
  return [[taken, ...(replays ? [comparedLine(replays)] : [])].join('; '), ...open.map((each) => `  open: ${each}`)].join('\n');
}

function comparedLine({ files, differing, packages, layers }: ImageComparison): string {
  const counts = new Map<string, number>();
  for (const { cause } of differing) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const causes = [...counts].map(([cause, count]) => `${cause} ${count}`).join(', ');
  const changed = packages.onlyFirst.length + packages.onlySecond.length;
  return `two replays: ${differing.length} of ${files} files differ${causes === '' ? '' : ` (${causes})`}, ${changed} of ${packages.common + changed} packages, ${layers.total - layers.same} of ${layers.total} layers`;
}

type Build = (dependencies: Dependencies, context: StageContext, log: Parameters<typeof buildImages>[3]) => ReturnType<typeof buildImages>;

async function built(world: World, tell: Tell, build: Build): Promise<BuildResult> {
  const dependencies: Dependencies = { ...world, logger: pino({ level: 'silent' }), exportHistory: async () => new Uint8Array(), signalProgress: async () => undefined, isPolled: async () => false };
  const run = `pin-${randomBytes(6).toString('hex')}`;
  return interruptible(async (signal) => {
    const context: StageContext = { stage: 'build', run, workflowId: 'reprise-pin', attempt: 1, signal, cancelled: () => signal.aborted, report: ({ message }) => tell(message) };
    const { result } = await withStageLog(dependencies, context, (line) => line, (log) => build(dependencies, context, log));
    return result;
  });
}
