import { createHash } from 'node:crypto';
import { cacheKey, mediaTypes, type ScanReport, type StageName } from '../../domain/index.ts';
import { rulesVersion } from '../../domain/secrets/index.ts';
import type { Activities, ScanResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { getTree } from '../io/trees.ts';
import { ensureImage } from '../store-images/index.ts';
import { runStage, sha256Of, type CacheIdentity, type StageContext, type StageResult } from '../stage.ts';
import { readFingerprintKey, valuesDigest } from './fingerprint-key.ts';
import { scanImageInto } from './image.ts';
import { keepReport } from './keep-report.ts';
import { scanTree } from './scan.ts';
import { createSession, type PartCache, type ScanOptions } from './session.ts';
import { summaryOf } from './summary.ts';
import { createValueSearch } from './values.ts';

/**
 * The three scans of a run: of the source, of the images, of the training's output. Their result counts; the report with the
 * findings is the artifact `scans/<stage>.json`. Findings never fail a stage: they block publication.
 * Failures: STORE_UNREACHABLE, STORE_CORRUPT, ENGINE_UNREACHABLE, IMAGE_GONE.
 */
export function createScanActivities(dependencies: Dependencies): Pick<Activities, 'scanSource' | 'scanImages' | 'scanOutputs'> {
  const { store } = dependencies;
  const { exposedSecrets: exposed } = dependencies.settings;
  const scanStored = (stage: StageName, tree: string, own: Pick<ScanOptions, 'values'> = {}) => async (context: StageContext): Promise<StageResult<ScanResult>> => {
    const options = { ...(await optionsOf(dependencies, context)), ...own };
    // What was kept of parts says nothing of an operator's values.
    const parts = own.values ? undefined : partCache(dependencies, options.fingerprintKey);
    return stored(dependencies, stage, await scanTree(store, await getTree(store, tree), options, parts));
  };
  return {
    // An operator's own value in the source is one that its author should not have. Images and outputs with one do not get as far as a scan.
    scanSource: (input) => {
      const { snapshot } = input.submission;
      if (!exposed) return runStage(dependencies, input, 'scan-source', identity(snapshot), scanStored('scan-source', snapshot));
      const given = async (): Promise<CacheIdentity<ScanResult>> => identity({ snapshot, values: valuesDigest(await readFingerprintKey(dependencies.settings), exposed) });
      return runStage(dependencies, input, 'scan-source', given, scanStored('scan-source', snapshot, { values: createValueSearch(exposed) }));
    },
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
  const { artifact, ...counts } = await keepReport(store, stage, report);
  return { result: { ...counts, artifacts: [artifact], summary: summaryOf(report) } };
}

async function optionsOf({ settings }: Dependencies, context: StageContext): Promise<ScanOptions> {
  return {
    fingerprintKey: await readFingerprintKey(settings),
    signal: context.signal,
    report: (progress) => context.report(progress),
    scratchDirectory: settings.scratchDirectory,
  };
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
