import { mediaTypes, Repairs, type Artifact, type ImageRepairs } from '../../domain/index.ts';
import { artifactOf, getBlob, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';

/** Keeps how builds were repaired, with the Dockerfiles that were built; nothing where none was. */
export async function keepRepairs(store: ObjectStore, images: readonly ImageRepairs[]): Promise<Artifact[]> {
  if (images.length === 0) return [];
  const document = Repairs.parse({ schema: 'reprise.repairs/v1', images });
  const blob = await putBlob(store, Buffer.from(`${JSON.stringify(document, null, 1)}\n`), mediaTypes.json);
  const dockerfiles = images.map(async ({ role, repaired }) => artifactOf(await putBlob(store, await getBlob(store, repaired), mediaTypes.text), `build/${role}.Dockerfile`, 'dockerfile'));
  return [artifactOf(blob, 'build/repairs.json', 'pin-report'), ...(await Promise.all(dockerfiles))];
}

/** "serve: 2 repairs (near): setuptools<58; peft as of …", for the stage's line. */
export function repairSummary(images: readonly ImageRepairs[]): string[] {
  return images.map(({ role, fidelity, attempts }) => {
    const held = attempts.filter(({ result }) => result !== 'no-help');
    return `${role}: ${held.length === 1 ? '1 repair' : `${held.length} repairs`} (${fidelity}): ${held.map(({ change }) => change).join('; ')}`;
  });
}
