import { createHash } from 'node:crypto';
import { type Artifact, blobKey, canonicalJson, mediaTypes, StoredSuite, SuiteStage, SuiteStageContent } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { artifactOf, getBlob, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { decryptQuestions, encryptQuestions, questionsFingerprint, readSuiteKey, sameFingerprint } from './suite-crypto.ts';
import { type OpenSealed, readSuiteFiles } from './suite-files.ts';
import { openSealedStage } from './suite-seal.ts';

export interface SuiteDependencies {
  store: ObjectStore;
  settings: Pick<Settings, 'suiteKeyFile'>;
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
  const { name, description, described, stages } = await readSuiteFiles(directory, metricNames, openSealedWith(dependencies));
  const kept: StoredSuite['stages'] = {};
  for (const content of stages) kept[content.stage] = await keepStage(dependencies, content);
  const version = described.version === undefined ? {} : { version: described.version };
  const stored: StoredSuite = { schema: 'reprise.suite/v1', name, ...version, ...(description === undefined ? {} : { description }), stages: kept };
  const blob = await putBlob(store, Buffer.from(canonicalJson(stored)), mediaTypes.json);
  return { suite: blob.sha256, stored, artifacts: artifactsOf(stored, artifactOf(blob, 'suite/suite.json', 'suite')) };
}

/** Opens `closed.sealed` with the installation's key. Failures: SUITE_KEY_MISSING, SUITE_INVALID. */
export function openSealedWith({ settings }: Pick<SuiteDependencies, 'settings'>): OpenSealed {
  return async (bytes) => openSealedStage(await readSuiteKey(settings), bytes);
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
 * The questions of one stage, decrypted in memory only. Failures: SUITE_INVALID where the suite has no such stage,
 * SUITE_KEY_MISSING where the key is missing or another one, STORE_CORRUPT where the object was changed.
 */
export async function loadSuiteStage(dependencies: SuiteDependencies, suite: string, stage: SuiteStage): Promise<SuiteStageContent> {
  const { stored } = await loadSuite(dependencies.store, suite);
  const kept = stored.stages[stage];
  if (!kept) throw failure('SUITE_INVALID', `the suite ${stored.name} has no ${stage} stage`);
  const bytes = await getBlob(dependencies.store, kept.artifact.sha256);
  const plain = kept.encrypted ? await decrypted(dependencies, kept, bytes) : bytes;
  const parsed = SuiteStageContent.safeParse(parseJson(plain));
  if (!parsed.success) throw failure('STORE_CORRUPT', `the object ${kept.artifact.key} does not hold questions`);
  return parsed.data;
}

type KeptStage = NonNullable<StoredSuite['stages'][SuiteStage]>;

async function decrypted({ settings }: SuiteDependencies, kept: KeptStage, bytes: Uint8Array): Promise<Uint8Array> {
  const key = await readSuiteKey(settings);
  if (kept.keyId !== undefined && kept.keyId !== key.id) {
    throw failure('SUITE_KEY_MISSING', `the closed stage was encrypted with the key ${kept.keyId}, and ${settings.suiteKeyFile} holds ${key.id}`);
  }
  const plain = decryptQuestions(key, bytes);
  if (plain && sameFingerprint(questionsFingerprint(key, plain), kept.questionsSha256)) return plain;
  throw failure('STORE_CORRUPT', `the object ${kept.artifact.key} does not decrypt to the closed stage`);
}

async function keepStage({ store, settings }: SuiteDependencies, content: SuiteStageContent): Promise<KeptStage> {
  const plain = Buffer.from(canonicalJson(content));
  const scenarios = content.scenarios.map(({ name, questions }) => ({ name, questions: questions.length }));
  if (content.stage === 'open') {
    const blob = await putBlob(store, plain, mediaTypes.json);
    const questionsSha256 = createHash('sha256').update(plain).digest('hex');
    return { artifact: artifactOf(blob, 'suite/open.json', 'suite'), encrypted: false, questionsSha256, scenarios };
  }
  const key = await readSuiteKey(settings);
  const blob = await putBlob(store, encryptQuestions(key, plain), mediaTypes.encrypted);
  return {
    artifact: artifactOf(blob, 'suite/closed.json.encrypted', 'suite'),
    encrypted: true,
    keyId: key.id,
    questionsSha256: questionsFingerprint(key, plain),
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
