import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { cacheKey, LockedImage, mediaTypes, type ImageRecording } from '../../domain/index.ts';
import type { Dependencies, Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { indexHost } from '../pin/by-date/address.ts';
import { buildAndRecord, type RecordedBuild } from '../record/build.ts';
import { buildWithin, openOutwardNetwork } from '../record/network.ts';
import { recordingCertificate } from '../record/session.ts';
import { sha256Of, type StageContext } from '../stage.ts';
import type { AddedFile } from '../record/added.ts';
import { refuseInwardAdds, takeAddresses, type LineOf } from './added-addresses.ts';
import { buildOnEngine, type BuildObserver } from './engine-build.ts';
import { engineBuildOptions, type PlannedBuild } from './plan.ts';

/** How a build gets what it takes in: as RecordableBuild has it. */
export type BuildMode = 'either' | 'record' | 'replay';

export interface BuildRun {
  build: PlannedBuild;
  snapshot: string;
  lineOf: LineOf;
  /** The pinned Dockerfile. */
  dockerfile: Uint8Array;
  openContext(dockerfile: Uint8Array, files: readonly AddedFile[]): Promise<Readable>;
  observer: BuildObserver;
  /** Where the package index as of the date listens, which answers for its name. */
  indexProxyUrl: string | undefined;
  /** The names that it answers for. */
  indexHosts?: readonly string[];
  /** Values that the steps get. */
  secrets: Record<string, string>;
  fresh: boolean;
  mode: BuildMode;
}

/** Runs one build on the engine: recorded or replayed where the settings say so, else with the engine's own way out. */
export async function runBuild(dependencies: Dependencies, context: StageContext, run: BuildRun): Promise<RecordedBuild> {
  const { docker, settings } = dependencies;
  const { build, snapshot, lineOf, dockerfile, openContext, observer, indexProxyUrl, secrets, fresh, mode } = run;
  if (!settings.recording) {
    if (mode === 'replay') throw failure('RECORDING_UNAVAILABLE', `${build.dockerfile}: builds are not recorded (REPRISE_RECORD_BUILDS=off), so that there is nothing to replay`);
    await refuseInwardAdds(build.dockerfile, dockerfile, lineOf);
    const network = await openOutwardNetwork(docker, { run: context.run, stage: context.stage, workflowId: context.workflowId }, settings);
    try {
      const options = { ...engineBuildOptions(settings, { fresh, secrets, indexProxyUrl }), networkmode: network.mode };
      const taken = await openContext(dockerfile, []);
      const built = await buildWithin(network, context.signal, (stop) => buildOnEngine(docker, taken, options, stop, observer));
      return { built, recording: undefined, cause: undefined };
    } finally {
      await network.close();
    }
  }
  const { dockerfile: taken, added } = takeAddresses(build.dockerfile, dockerfile, lineOf);
  return buildAndRecord(dependencies, context, {
    role: build.role,
    inputs: { snapshot, context: build.context, pinned: build.pinned },
    added,
    openContext: (files) => openContext(taken, files),
    options: engineBuildOptions({ httpProxy: undefined, httpsProxy: undefined }, { fresh, secrets }),
    observer,
    routes: indexProxyUrl === undefined ? {} : Object.fromEntries((run.indexHosts ?? [indexHost]).map((host) => [host, indexProxyUrl])),
    mode: fresh && mode === 'either' ? 'record' : mode,
  });
}

/** What the build trusts: the authority of recordings, as nothing else answers it, or the operator's bundle. Failures: PLATFORM_ERROR. */
export async function trustedBundle(settings: Pick<Settings, 'caBundle' | 'recording'>): Promise<Uint8Array | undefined> {
  if (settings.recording) return Buffer.from(await recordingCertificate(settings));
  const { caBundle } = settings;
  if (caBundle === undefined) return undefined;
  return readFile(caBundle).catch((error: Error) => {
    throw failure('PLATFORM_ERROR', `reading the CA bundle ${caBundle}: ${error.message}`, { cause: error });
  });
}

/**
 * The packages of an image stay with its recording: a replay is answered from there, and asks no index that could say them.
 * Resolves to the lock that goes with the result.
 */
export async function lockWithRecording(store: ObjectStore, recording: ImageRecording | undefined, lock: LockedImage | undefined): Promise<LockedImage | undefined> {
  if (!recording) return lock;
  const key = cacheKey('recording-lock', sha256Of({ recording: recording.recording, role: recording.role }));
  const kept = await store.get(key);
  if (kept) return LockedImage.parse(JSON.parse(Buffer.from(kept).toString('utf8')));
  if (lock) await store.putIfAbsent(key, Buffer.from(JSON.stringify(lock)), mediaTypes.json);
  return lock;
}

/** "12 requests recorded, 34 MiB", for the stage's line. */
export function recordingSummary(recordings: readonly ImageRecording[]): string[] {
  return recordings.map(({ role, verdict, requests, sizeBytes, open }) => {
    const left = open.length === 0 ? '' : `, ${open.length} left open`;
    return `${role}: ${verdict}, ${requests} requests, ${(sizeBytes / 1024 ** 2).toFixed(0)} MiB${left}`;
  });
}
