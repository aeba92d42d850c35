import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cacheKey, mediaTypes, type ScanReport, type StageName } from '../../domain/index.ts';
import { rulesVersion } from '../../domain/secrets/index.ts';
import type { Activities, ScanResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import { getTree } from '../io/trees.ts';
import { ensureImage } from '../store-images/index.ts';
import { runStage, sha256Of, type CacheIdentity, type StageContext, type StageResult } from '../stage.ts';
import { scanImageInto } from './image.ts';
import { scanTree } from './scan.ts';
import { createSession, type PartCache, type ScanOptions } from './session.ts';
import { summaryOf } from './summary.ts';

/**
 * The three scans of a run: of the source, of the images, of the training's output. Their result counts; the report with the
 * findings is the artifact `scans/<stage>.json`. Findings never fail a stage: they block publication.
 * Failures: STORE_UNREACHABLE, STORE_CORRUPT, ENGINE_UNREACHABLE, IMAGE_GONE.
 */
export function createScanActivities(dependencies: Dependencies): Pick<Activities, 'scanSource' | 'scanImages' | 'scanOutputs'> {
  const { store } = dependencies;
  const scanStored = (stage: StageName, tree: string) => async (context: StageContext): Promise<StageResult<ScanResult>> => {
    const options = await optionsOf(dependencies, context);
    return stored(dependencies, stage, await scanTree(store, await getTree(store, tree), options, partCache(dependencies, options.fingerprintKey)));
  };
  return {
    scanSource: (input) =>
      runStage(dependencies, input, 'scan-source', identity(input.submission.snapshot), scanStored('scan-source', input.submission.snapshot)),
    scanOutputs: (input) =>
      runStage(dependencies, input, 'scan-outputs', identity(input.output), scanStored('scan-outputs', input.output)),
    scanImages: (input) =>
      runStage(dependencies, input, 'scan-images', identity(input.images.map(({ id }) => id)), async (context) => {
        const session = createSession(await optionsOf(dependencies, context));
        const cache = partCache(dependencies, session.options.fingerprintKey);
        for (const image of input.images) {
          await ensureImage(dependencies, image);
          await scanImageInto(session, dependencies.docker, image.id, cache);
        }
        return stored(dependencies, 'scan-images', session.report());
      }),
  };
}

/** What could not be read may be readable the next time, so only a complete scan is taken again. */
function identity(inputs: unknown): CacheIdentity<ScanResult> {
  return { version: 1, inputs: { rules: rulesVersion, inputs }, stillValid: async ({ complete }) => complete };
}

async function stored({ store }: Dependencies, stage: StageName, report: ScanReport): Promise<StageResult<ScanResult>> {
  const blob = await putBlob(store, Buffer.from(`${JSON.stringify(report, null, 1)}\n`), mediaTypes.json);
  const count = (severity: string): number => report.findings.filter((finding) => finding.severity === severity).length;
  return {
    result: {
      complete: report.complete,
      blocking: count('block'),
      warnings: count('warn'),
      artifacts: [artifactOf(blob, `scans/${stage}.json`, 'scan-report')],
      summary: summaryOf(report),
    },
  };
}

async function optionsOf({ settings }: Dependencies, context: StageContext): Promise<ScanOptions> {
  return {
    fingerprintKey: await readKey(settings.fingerprintKeyFile),
    signal: context.signal,
    report: (progress) => context.report(progress),
    scratchDirectory: settings.scratchDirectory,
  };
}

async function readKey(path: string): Promise<Buffer> {
  try {
    return Buffer.from((await readFile(path, 'utf8')).trim(), 'hex');
  } catch (cause) {
    throw failure('PLATFORM_ERROR', `the key of the fingerprints (${path}) is not readable; \`reprise up\` makes one`, { cause });
  }
}

/** One report a layer or large file, whatever images and trees share it. Fingerprints depend on the key, so the key's hash is part of the name. */
function partCache({ store }: Dependencies, fingerprintKey: Buffer): PartCache {
  const key = createHash('sha256').update(fingerprintKey).digest('hex');
  const nameOf = (part: string): string => cacheKey('scan-part', sha256Of({ part, rules: rulesVersion, key }));
  return {
    async get(part) {
      const bytes = await store.get(nameOf(part));
      return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as ScanReport);
    },
    async put(part, report) {
      await store.putIfAbsent(nameOf(part), Buffer.from(JSON.stringify(report)), mediaTypes.json);
    },
  };
}
