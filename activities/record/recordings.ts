import { z } from 'zod';
import { cacheKey, ImageRecording, mediaTypes, type Artifact, type RecordedExchange } from '../../domain/index.ts';
import { artifactOf, getBlob, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { sha256Of } from '../stage.ts';
import { exchangesIn, linesOf } from './journal.ts';

/** What decides which recording answers a build: the same snapshot, built from the same pinned Dockerfile. */
export interface RecordedInputs {
  snapshot: string;
  context: string;
  /** Of the pinned Dockerfile. */
  pinned: string;
}

const KeptRecording = z.object({ run: z.string(), recording: ImageRecording });
export type KeptRecording = z.infer<typeof KeptRecording>;

/** The newest recording of the same build; undefined where it was never recorded to its end. */
export async function findRecording(store: ObjectStore, inputs: RecordedInputs): Promise<KeptRecording | undefined> {
  return (await shelfOf(store, inputs)).newest;
}

/** Failures: STORE_CORRUPT. */
export async function readRecording(store: ObjectStore, sha256: string): Promise<RecordedExchange[]> {
  return exchangesIn(await getBlob(store, sha256));
}

/** Keeps the recording of a build that ended well, for every later build of the same inputs. */
export async function keepRecording(
  store: ObjectStore,
  inputs: RecordedInputs,
  { run, role, exchanges, open }: { run: string; role: 'serve' | 'train'; exchanges: readonly RecordedExchange[]; open: string[] },
): Promise<ImageRecording> {
  const blob = await putBlob(store, Buffer.from(linesOf(exchanges)), mediaTypes.jsonLines);
  const bodies = new Map(exchanges.flatMap(({ body }) => (body ? [[body.sha256, body.sizeBytes]] : [])));
  const sizeBytes = [...bodies.values()].reduce((sum, size) => sum + size, 0);
  const recording: ImageRecording = { role, verdict: 'recorded', recording: blob.sha256, requests: exchanges.length, sizeBytes, open };
  const { freeKey } = await shelfOf(store, inputs);
  await store.putIfAbsent(freeKey, Buffer.from(JSON.stringify({ run, recording } satisfies KeptRecording)), mediaTypes.json);
  return recording;
}

/** The recording as the run's manifest lists it. Failures: STORE_CORRUPT. */
export async function recordingArtifact(store: ObjectStore, { role, recording }: ImageRecording): Promise<Artifact> {
  const bytes = await getBlob(store, recording);
  return artifactOf(await putBlob(store, bytes, mediaTypes.jsonLines), `build/${role}.recording.jsonl`, 'recording');
}

/** Nothing in the store is replaced: a build that is recorded anew puts its recording beside the older ones. */
async function shelfOf(store: ObjectStore, inputs: RecordedInputs): Promise<{ newest: KeptRecording | undefined; freeKey: string }> {
  let newest: KeptRecording | undefined;
  for (let generation = 0; ; generation += 1) {
    const key = cacheKey('recording', sha256Of({ ...inputs, generation }));
    const bytes = await store.get(key);
    if (!bytes) return { newest, freeKey: key };
    newest = KeptRecording.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  }
}
