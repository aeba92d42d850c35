import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { type Artifact, blobKey, canonicalJson, mediaTypes, StoredSuite, SuiteStage } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, getBlob, getBlobStream, putBlob, putBlobStream } from '../io/blobs.ts';
import { type Spool, withSpool } from '../io/spool.ts';
import type { ObjectStore } from '../io/store.ts';
import { decryptPortions, encryptPortions, questionsFingerprint, readSuiteKey, sameFingerprint } from './suite-crypto.ts';
import { type OpenSealed, visitSuite } from './suite-files.ts';
import { openSealedStage } from './suite-seal.ts';
import { splitStage, type StageQuestion } from './suite-split.ts';
import { type StageText, startStageText } from './suite-text.ts';

export interface SuiteDependencies {
  store: ObjectStore;
  /** The machine's own place for scratch files, unless given. */
  settings: Pick<Settings, 'suiteKeyFile'> & Partial<Pick<Settings, 'scratchDirectory'>>;
}

export interface KeptSuite {
  /** SHA-256 of the stored suite. */
  suite: string;
  stored: StoredSuite;
  artifacts: Artifact[];
}

/**
 * Validates a suite's directory and keeps it: the open stage as it is, the closed one encrypted with the installation's key.
 * The same files under the same key give the same suite. Failures: SUITE_INVALID, SUITE_KEY_MISSING.
 */
export async function storeSuite(dependencies: SuiteDependencies, directory: string, metricNames: ReadonlySet<string>): Promise<KeptSuite> {
  const { store } = dependencies;
  return withSpool(scratchOf(dependencies), async (spool) => {
    const texts = new Map<SuiteStage, StageText>();
    const { name, description, described } = await visitSuite(directory, metricNames, openSealedWith(dependencies), (stage, asked) => textOf(texts, stage, spool).add(asked));
    const kept: StoredSuite['stages'] = {};
    for (const stage of SuiteStage.options) {
      const text = texts.get(stage);
      if (text) kept[stage] = await keepStage(dependencies, stage, text);
    }
    const version = described.version === undefined ? {} : { version: described.version };
    const stored: StoredSuite = { schema: 'reprise.suite/v1', name, ...version, ...(description === undefined ? {} : { description }), stages: kept };
    const blob = await putBlob(store, Buffer.from(canonicalJson(stored)), mediaTypes.json);
    return { suite: blob.sha256, stored, artifacts: artifactsOf(stored, artifactOf(blob, 'suite/suite.json', 'suite')) };
  });
}

function textOf(texts: Map<SuiteStage, StageText>, stage: SuiteStage, spool: Spool): StageText {
  const text = texts.get(stage) ?? startStageText(stage, spool);
  texts.set(stage, text);
  return text;
}

export function scratchOf({ settings }: Pick<SuiteDependencies, 'settings'>): string {
  return settings.scratchDirectory ?? tmpdir();
}

/** Opens `closed.sealed` with the installation's key. Failures: SUITE_KEY_MISSING, SUITE_INVALID. */
export function openSealedWith({ settings }: Pick<SuiteDependencies, 'settings'>): OpenSealed {
  return async (chunks) => openSealedStage(await readSuiteKey(settings), chunks);
}

/** A suite that is in the store already. Failures: STORE_CORRUPT where it is missing or no suite. */
export async function loadSuite(store: ObjectStore, suite: string): Promise<KeptSuite> {
  const bytes = await getBlob(store, suite);
  const parsed = StoredSuite.safeParse(parseJson(bytes));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${suite} is not a suite`);
  const blob = { key: blobKey(suite), sha256: suite, sizeBytes: bytes.byteLength, mediaType: mediaTypes.json };
  return { suite, stored: parsed.data, artifacts: artifactsOf(parsed.data, artifactOf(blob, 'suite/suite.json', 'suite')) };
}

/**
 * The questions of one stage one by one, decrypted in memory only, and verified as a whole: nothing may be done with them before the
 * last has come. The key is looked at before the first. Failures: SUITE_INVALID where the suite has no such stage, SUITE_KEY_MISSING where the key is missing or another
 * one, STORE_CORRUPT where the object was changed.
 */
export async function readSuiteStage(dependencies: SuiteDependencies, suite: string, stage: SuiteStage): Promise<AsyncIterable<StageQuestion>> {
  const { stored } = await loadSuite(dependencies.store, suite);
  const kept = stored.stages[stage];
  if (!kept) throw failure('SUITE_INVALID', `the suite ${stored.name} has no ${stage} stage`);
  const key = kept.encrypted ? await keyOf(dependencies, kept) : undefined;
  const bytes = bytesOf(dependencies.store, kept);
  const wrong = (): Error => failure('STORE_CORRUPT', `the object ${kept.artifact.key} does not hold questions`);
  return splitStage(stage, key ? decrypted(key, kept, bytes) : bytes, wrong);
}

async function* bytesOf(store: ObjectStore, { artifact }: KeptStage): AsyncGenerator<Uint8Array> {
  yield* await getBlobStream(store, artifact.sha256);
}

type KeptStage = NonNullable<StoredSuite['stages'][SuiteStage]>;
type SuiteKey = Awaited<ReturnType<typeof readSuiteKey>>;

async function keyOf({ settings }: SuiteDependencies, { keyId }: KeptStage): Promise<SuiteKey> {
  const key = await readSuiteKey(settings);
  if (keyId === undefined || keyId === key.id) return key;
  throw failure('SUITE_KEY_MISSING', `the closed stage was encrypted with the key ${keyId}, and ${settings.suiteKeyFile} holds ${key.id}`);
}

async function* decrypted(key: SuiteKey, { artifact, questionsSha256 }: KeptStage, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const wrong = (): Error => failure('STORE_CORRUPT', `the object ${artifact.key} does not decrypt to the closed stage`);
  const fingerprint = questionsFingerprint(key);
  for await (const portion of decryptPortions(key, bytes, wrong)) {
    fingerprint.update(portion);
    yield portion;
  }
  if (!sameFingerprint(fingerprint.digest('hex'), questionsSha256)) throw wrong();
}

async function keepStage(dependencies: SuiteDependencies, stage: SuiteStage, { portions, scenarios }: StageText): Promise<KeptStage> {
  const { store, settings } = dependencies;
  if (stage === 'open') {
    const blob = await putBlobStream(store, Readable.from(portions()), mediaTypes.json, scratchOf(dependencies));
    return { artifact: artifactOf(blob, 'suite/open.json', 'suite'), encrypted: false, questionsSha256: blob.sha256, scenarios };
  }
  const key = await readSuiteKey(settings);
  const fingerprint = questionsFingerprint(key);
  for await (const portion of portions()) fingerprint.update(portion);
  const blob = await putBlobStream(store, Readable.from(encryptPortions(key, portions)), mediaTypes.encrypted, scratchOf(dependencies));
  return {
    artifact: artifactOf(blob, 'suite/closed.json.encrypted', 'suite'),
    encrypted: true,
    keyId: key.id,
    questionsSha256: fingerprint.digest('hex'),
    scenarios,
  };
}

function artifactsOf(stored: StoredSuite, suite: Artifact): Artifact[] {
  return [suite, ...SuiteStage.options.flatMap((stage) => stored.stages[stage]?.artifact ?? [])];
}

/** Undefined where it is no JSON: JSON.parse would quote it, and it may hold closed questions. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
