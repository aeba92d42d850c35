import { Locks, mediaTypes, PinReport, type RunManifest, type TakenIn } from '../../domain/index.ts';
import { getBlob, getJson } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { exchangesIn } from '../record/journal.ts';

/** What the builds of a run took in, by what they stored. Failures: STORE_CORRUPT. */
export async function takenInOf(store: ObjectStore, { artifacts }: RunManifest): Promise<TakenIn> {
  const takenIn: Required<Pick<TakenIn, 'files' | 'recordings'>> & TakenIn = { files: [], recordings: [] };
  for (const { path, role, mediaType, sha256 } of artifacts) {
    const recorded = role === 'recording' && mediaType === mediaTypes.jsonLines ? /^build\/(\w+)\.recording\.jsonl$/.exec(path)?.[1] : undefined;
    if (recorded !== undefined) {
      takenIn.recordings.push({ role: recorded, exchanges: exchangesIn(await getBlob(store, sha256)) });
      takenIn.files.push({ path, sha256 });
    }
    if (role !== 'pin-report' || mediaType !== mediaTypes.json) continue;
    const value = await getJson(store, sha256);
    const [report, locks] = [PinReport.safeParse(value), Locks.safeParse(value)];
    if (report.success) takenIn.pin = report.data;
    if (locks.success) takenIn.locks = locks.data;
    if (locks.success) takenIn.files.push({ path, sha256 });
  }
  return takenIn;
}
