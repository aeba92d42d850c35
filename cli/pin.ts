import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { planSnapshot, readRequest } from '../activities/intake/index.ts';
import { parseSource } from '../activities/intake/parse-source.ts';
import { takeSnapshot } from '../activities/intake/snapshot.ts';
import { getBlob, getJson } from '../activities/io/blobs.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';
import { createDocker } from '../activities/io/docker/connection.ts';
import { run } from '../activities/io/subprocess.ts';
import { getTree, readTreeFile } from '../activities/io/trees.ts';
import { predictPackages, type Prediction } from '../activities/pin/by-date/predict.ts';
import { pinSubmission } from '../activities/pin/index.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import type { PinReport, Submission } from '../domain/index.ts';
import type { Config } from '../infra/config.ts';
import { askClients } from '../infra/pip-configuration.ts';
import { recordingSettings } from '../infra/recording-settings.ts';
import { ownScratch } from '../infra/scratch.ts';
import type { PinResult } from '../workflows/contract.ts';
import { interruptible } from './interrupt.ts';
import { readPinned, recordBuilds, refuseUnrecorded, replayBuilds, withBuilds, type BuiltImage } from './pin-builds.ts';

export interface PinOptions {
  out: string;
  asOf?: string;
  /** Also says what pip would install, without building. */
  predict?: boolean;
  /** Version of the images' Python, for predictions. */
  python?: string;
  /** Also builds, and records what the builds take in to `<out>/recording`. */
  record?: boolean;
  /** Only builds, from what is in `out` and its recording, without any server. */
  replay?: boolean;
}

export interface Pinned {
  pinReport: PinReport;
  predictions: Prediction[];
  builds: BuiltImage[];
}

/**
 * Pins a submission without a stack and writes `pin-report.json`, `<role>.Dockerfile` and `<role>.diff` to `out`. Needs the
 * Docker engine only where no registry tells a base image's digest, or to record and replay.
 */
export async function pinTo(config: Config, path: string, options: PinOptions, report: (message: string) => void): Promise<Pinned> {
  if (options.replay) refuseUnrecorded(options.out);
  return interruptible((signal) => pinWith(config, path, options, report, signal));
}

async function pinWith(config: Config, path: string, options: PinOptions, report: (message: string) => void, signal: AbortSignal): Promise<Pinned> {
  const { out, asOf, record, replay } = options;
  const scratchDirectory = await mkdtemp(join(ownScratch(config), 'pin-'));
  try {
    const store = createDirectoryStore(record || replay ? join(out, 'recording') : join(scratchDirectory, 'store'));
    const { pipIndexUrl: _index, npmRegistryUrl: _registry, ...known } = config;
    const settings = { ...known, ...(await askClients(config)), ...recordingSettings({ ...config, recordBuilds: 'on' }), caBundle: config.caBundle, httpProxy: config.httpProxy, httpsProxy: config.httpsProxy, secrets: {}, scratchDirectory, indexCacheDirectory: join(config.cache, 'pip-index') };
    const world = { store, settings, docker: createDocker(config.dockerSocket) };
    const context = { signal, report: ({ message }: { message: string }) => report(message) };
    const source = parseSource(path);
    const snapshot = await takeSnapshot({ store, settings }, source, context);
    const request = readRequest({ source, suite: { kind: 'directory', path: '.' }, ...(asOf === undefined ? {} : { asOf }) });
    const { submission } = await planSnapshot({ store }, request, snapshot, { given: undefined, named: [] });
    if (replay) return await replayFrom(world, out, submission, report);
    const { result } = await pinSubmission(world, submission, context);
    await writeAll(world, out, submission, result);
    const pinReport = await getJson<PinReport>(store, result.report);
    const builds = record ? await recordBuilds(world, submission, result, report) : [];
    await writeReport(out, withBuilds(pinReport, builds));
    const predictions = options.predict ? await predictPackages(settings, pinReport, { python: options.python ?? '3.10' }) : [];
    for (const prediction of predictions) await writeFile(join(out, `${prediction.role}.predicted.txt`), predictedText(prediction));
    return { pinReport: withBuilds(pinReport, builds), predictions, builds };
  } finally {
    await rm(scratchDirectory, { recursive: true, force: true });
  }
}

type World = Pick<Dependencies, 'store' | 'docker' | 'settings'>;

async function replayFrom(world: World, out: string, submission: Submission, report: (message: string) => void): Promise<Pinned> {
  const pinned = await readPinned(world.store, out, submission);
  const builds = await replayBuilds(world, submission, pinned, report);
  const pinReport = withBuilds(await getJson<PinReport>(world.store, pinned.report), builds);
  await writeReport(out, pinReport);
  return { pinReport, predictions: [], builds };
}

async function writeReport(out: string, report: PinReport): Promise<void> {
  await writeFile(join(out, 'pin-report.json'), `${JSON.stringify(report, null, 2)}\n`);
}

async function writeAll({ store, settings: { scratchDirectory } }: World, out: string, submission: Submission, { dockerfiles }: PinResult): Promise<void> {
  const tree = await getTree(store, submission.snapshot);
  await mkdir(out, { recursive: true });
  for (const { role, artifact } of dockerfiles) {
    const image = submission.images.find((each) => each.role === role);
    const original = await readTreeFile(store, tree, image?.dockerfile ?? '');
    await writePinned(out, role, original ?? Buffer.alloc(0), await getBlob(store, artifact.sha256), scratchDirectory);
  }
}

async function writePinned(out: string, role: string, original: Uint8Array, pinned: Uint8Array, scratchDirectory: string): Promise<void> {
  const [before, after] = [join(scratchDirectory, 'Dockerfile'), join(out, `${role}.Dockerfile`)];
  await writeFile(before, original);
  await writeFile(after, pinned);
  // git exits with 1 where the files differ, which they are meant to.
  const { stdout } = await run('git', ['diff', '--no-index', '--no-color', '--', before, after]);
  await writeFile(join(out, `${role}.diff`), stdout.replaceAll(before.slice(1), `original/${role}.Dockerfile`).replaceAll(after.replace(/^\//, ''), `pinned/${role}.Dockerfile`));
}

/** One line for people. */
export function predictionLine({ role, resolution }: Prediction): string {
  if (resolution.status === 'unresolved') return `${role}: packages do not resolve before ${resolution.before} (${resolution.reason})`;
  return `${role}: ${Object.keys(resolution.pins).length} packages predicted as of ${resolution.before} (${resolution.fidelity})`;
}

/** A requirements file, with what it leaves out in comments. */
function predictedText({ resolution, left }: Prediction): string {
  const open = left.map((each) => `# not predicted: ${each}`);
  if (resolution.status === 'unresolved') return [`# as of ${resolution.before}: ${resolution.reason}`, `# ${resolution.message}`, ...open, ''].join('\n');
  const reasons = resolution.reasons.map((each) => `# ${each}`);
  const pins = Object.entries(resolution.pins).map(([name, version]) => `${name}==${version}`);
  return [`# as of ${resolution.before}: ${resolution.fidelity}`, ...reasons, ...open, ...pins, ''].join('\n');
}
