import { join } from 'node:path';
import pino from 'pino';
import { buildImages } from '../../activities/build/index.ts';
import type { BuildMode } from '../../activities/build/recorded.ts';
import type { Dependencies, Settings } from '../../activities/dependencies.ts';
import { planSnapshot, readRequest } from '../../activities/intake/index.ts';
import { parseSource } from '../../activities/intake/parse-source.ts';
import { takeSnapshot } from '../../activities/intake/snapshot.ts';
import { createDocker } from '../../activities/io/docker/connection.ts';
import { createS3Store, type S3Options } from '../../activities/io/s3.ts';
import { withStageLog } from '../../activities/logs/index.ts';
import { pinSubmission } from '../../activities/pin/index.ts';
import { compareImages } from '../../activities/record/compare.ts';
import type { Submission } from '../../domain/index.ts';
import { readConfig } from '../../infra/config.ts';
import type { PinResult } from '../../workflows/contract.ts';
import { warmBuild } from './warm-build.ts';

/** Odd, so that the median is one of them. */
const rounds = 5;

/** Seconds that the serving image of examples/addition takes: direct, recorded, from a warm cache in memory, replayed; all without the engine's cache. */
export async function measureBuilds(scratchDirectory: string, s3: S3Options): Promise<object> {
  const config = readConfig();
  const settings: Settings = { ...config, caBundle: config.caBundle, httpProxy: config.httpProxy, httpsProxy: config.httpsProxy, secrets: {}, scratchDirectory };
  const recorded: Settings = { ...settings, recording: { authorityFile: join(scratchDirectory, 'recording.pem') } };
  const shared = { store: createS3Store(s3), docker: createDocker(config.dockerSocket), logger: pino({ level: 'silent' }), exportHistory: async () => new Uint8Array(), signalProgress: async () => undefined, isPolled: async () => true };
  const direct = await timed({ ...shared, settings }, 'record');
  const recording = await timed({ ...shared, settings: recorded }, 'record');
  const warm: number[] = [];
  const replays: Timed[] = [];
  const measures = [
    async (): Promise<unknown> => warm.push(await warmBuild({ ...shared, settings: recorded }, recording.submission, recording.pin, recording.recording)),
    async (): Promise<unknown> => replays.push(await timed({ ...shared, settings: recorded }, 'replay')),
  ];
  // In turns and in both orders, as other work on the machine comes and goes.
  for (let round = 0; round < rounds; round += 1) for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure();
  const replay = replays[0] ?? recording;
  const comparison = await compareImages(shared.docker, recording.image, replay.image);
  const { identical, differing, files, packages } = comparison;
  for (const { image } of [direct, recording, ...replays]) await shared.docker.getImage(image).remove({ force: true });
  const ratios = replays.map(({ seconds }, round) => Number((seconds / (warm[round] ?? Number.NaN)).toFixed(2)));
  return {
    directSeconds: direct.seconds,
    recordedSeconds: recording.seconds,
    warmSeconds: warm,
    replayedSeconds: replays.map(({ seconds }) => seconds),
    replayOverWarm: median(ratios),
    ofEachRound: ratios,
    replay: { verdict: replay.verdict, identical, files, differing: counted(differing.map(({ cause }) => cause)), packages: { common: packages.common, differing: packages.onlyFirst.length + packages.onlySecond.length } },
  };
}

interface Timed {
  seconds: number;
  image: string;
  verdict: string | undefined;
  /** Of recording.jsonl. */
  recording: string;
  submission: Submission;
  pin: PinResult;
}

async function timed(dependencies: Dependencies, mode: BuildMode): Promise<Timed> {
  const { store, settings } = dependencies;
  const context = { stage: 'build' as const, run: `bench-${Date.now()}`, workflowId: 'bench', attempt: 1, signal: new AbortController().signal, cancelled: () => false, report: () => undefined };
  const source = parseSource(join(import.meta.dirname, '..', '..', 'examples', 'addition'));
  const snapshot = await takeSnapshot({ store, settings }, source, context);
  const { submission } = await planSnapshot({ store }, readRequest({ source, suite: { kind: 'directory', path: '.' } }), snapshot, { given: undefined, named: [] });
  const serving = { ...submission, images: submission.images.filter(({ role }) => role === 'serve') };
  const { result: pin } = await pinSubmission(dependencies, serving, context);
  const startedAt = performance.now();
  const { result } = await withStageLog(dependencies, context, (line) => line, (log) => buildImages(dependencies, { submission: serving, pin, fresh: true }, context, log, undefined, mode));
  return { seconds: Number(((performance.now() - startedAt) / 1_000).toFixed(1)), image: result.images[0]?.id ?? '', verdict: result.recordings?.[0]?.verdict, recording: result.recordings?.[0]?.recording ?? '', submission: serving, pin };
}

function median(values: readonly number[]): number {
  return values.toSorted((first, second) => first - second)[(values.length - 1) / 2] ?? Number.NaN;
}

function counted(causes: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cause of causes) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}
