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
import { readConfig } from '../../infra/config.ts';

/** Seconds that the serving image of examples/addition takes: direct, recorded, replayed, all without the engine's cache. */
export async function measureBuilds(scratchDirectory: string, s3: S3Options): Promise<object> {
  const config = readConfig();
  const settings: Settings = { ...config, caBundle: config.caBundle, httpProxy: config.httpProxy, httpsProxy: config.httpsProxy, secrets: {}, scratchDirectory };
  const recorded: Settings = { ...settings, recording: { authorityFile: join(scratchDirectory, 'recording.pem') } };
  const shared = { store: createS3Store(s3), docker: createDocker(config.dockerSocket), logger: pino({ level: 'silent' }), exportHistory: async () => new Uint8Array(), signalProgress: async () => undefined, isPolled: async () => true };
  const direct = await timed({ ...shared, settings }, 'record');
  const recording = await timed({ ...shared, settings: recorded }, 'record');
  const replay = await timed({ ...shared, settings: recorded }, 'replay');
  const comparison = await compareImages(shared.docker, recording.image, replay.image);
  const { identical, differing, files, packages } = comparison;
  for (const { image } of [direct, recording, replay]) await shared.docker.getImage(image).remove({ force: true });
  return {
    directSeconds: direct.seconds,
    recordedSeconds: recording.seconds,
    replayedSeconds: replay.seconds,
    replay: { verdict: replay.verdict, identical, files, differing: counted(differing.map(({ cause }) => cause)), packages: { common: packages.common, differing: packages.onlyFirst.length + packages.onlySecond.length } },
  };
}

async function timed(dependencies: Dependencies, mode: BuildMode): Promise<{ seconds: number; image: string; verdict: string | undefined }> {
  const { store, settings } = dependencies;
  const context = { stage: 'build' as const, run: `bench-${Date.now()}`, workflowId: 'bench', attempt: 1, signal: new AbortController().signal, cancelled: () => false, report: () => undefined };
  const source = parseSource(join(import.meta.dirname, '..', '..', 'examples', 'addition'));
  const snapshot = await takeSnapshot({ store, settings }, source, context);
  const { submission } = await planSnapshot({ store }, readRequest({ source, suite: { kind: 'directory', path: '.' } }), snapshot, undefined);
  const serving = { ...submission, images: submission.images.filter(({ role }) => role === 'serve') };
  const { result: pin } = await pinSubmission(dependencies, serving, context);
  const startedAt = performance.now();
  const { result } = await withStageLog(dependencies, context, (line) => line, (log) => buildImages(dependencies, { submission: serving, pin, fresh: true }, context, log, undefined, mode));
  return { seconds: Number(((performance.now() - startedAt) / 1_000).toFixed(1)), image: result.images[0]?.id ?? '', verdict: result.recordings?.[0]?.verdict };
}

function counted(causes: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cause of causes) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}
