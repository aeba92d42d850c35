import { blobKey, Locks, mediaTypes, PinReport, type Artifact, type LockedImage } from '../../domain/index.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import type { BuildIndex } from '../pin/by-date/build-index.ts';
import { lockImage } from '../pin/by-date/locked.ts';
import type { PlannedBuild } from './plan.ts';
import type { BuildStep } from './steps.ts';

/** What an image took from the package index as of the date, step by step. */
export async function lockOf(store: ObjectStore, pinReport: string, build: PlannedBuild, steps: BuildStep[], { before, recorder }: Pick<BuildIndex, 'recorder'> & { before: string }): Promise<LockedImage> {
  const { role, dockerfile } = build;
  const report = await reportOf(store, pinReport);
  return lockImage(store, {
    role,
    dockerfile,
    before,
    steps: recorder.steps(),
    lineOf: (step) => steps[step - 1]?.line,
    report: report?.images.find((image) => image.role === role),
  });
}

/** Keeps the locks of all images beside the pin report; nothing where no build asked the index. */
export async function keepLocks(store: ObjectStore, images: LockedImage[]): Promise<Artifact[]> {
  if (images.length === 0) return [];
  const locks = Locks.parse({ schema: 'reprise.locks/v1', images });
  const blob = await putBlob(store, Buffer.from(`${JSON.stringify(locks, null, 1)}\n`), mediaTypes.json);
  return [artifactOf(blob, 'pin/locks.json', 'pin-report')];
}

/** "12 packages as of 2023-10-26 (faithful)", for the stage's line. */
export function lockSummary(images: LockedImage[]): string[] {
  return images.map(({ role, before, fidelity, steps }) => {
    const installed = steps.flatMap(({ packages }) => packages).filter((each) => each.installed !== false);
    return `${role}: ${installed.length} packages as of ${before.slice(0, 10)} (${fidelity})`;
  });
}

/** The stored pin report; undefined where there is none. */
export async function reportOf(store: ObjectStore, sha256: string): Promise<PinReport | undefined> {
  const bytes = await store.get(blobKey(sha256));
  return bytes && PinReport.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}
