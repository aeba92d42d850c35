import { cacheKey, mediaTypes, type ScanReport } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { onEngine, unlessGone } from '../io/docker/errors.ts';
import { readFingerprintKey, valuesDigest } from '../scan/fingerprint-key.ts';
import { scanImageInto } from '../scan/image.ts';
import { createSession } from '../scan/session.ts';
import { createValueSearch } from '../scan/values.ts';
import { sha256Of, type StageContext } from '../stage.ts';

/**
 * Refuses an image that holds a value of the run's secrets, in its configuration, its history or any layer, also where a later
 * layer deletes it; the engine does not keep it. Layers that were looked through for the same values are not read again.
 * Failures: SECRET_EXPOSED, ENGINE_UNREACHABLE.
 */
export async function refuseExposedImage({ docker, store, settings }: Pick<Dependencies, 'docker' | 'store' | 'settings'>, dockerfile: string, id: string, context: Pick<StageContext, 'signal' | 'report'>): Promise<void> {
  const { exposedSecrets: exposed, scratchDirectory } = settings;
  if (!exposed) return;
  const fingerprintKey = await readFingerprintKey(settings);
  const { signal, report } = context;
  const session = createSession({ fingerprintKey, values: createValueSearch(exposed), rules: false, scratchDirectory, signal, report });
  const values = valuesDigest(fingerprintKey, exposed);
  const nameOf = (diffId: string): string => cacheKey('values-of-layer', sha256Of({ diffId, values }));
  await scanImageInto(session, docker, id, {
    async get(diffId) {
      const bytes = await store.get(nameOf(diffId));
      return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as ScanReport);
    },
    async put(diffId, part) {
      if (part.findings.length === 0) await store.putIfAbsent(nameOf(diffId), Buffer.from(JSON.stringify(part)), mediaTypes.json);
    },
  });
  const [found] = session.report().findings;
  if (!found) return;
  await onEngine('removing the image', () => docker.getImage(id).remove({ force: true }).catch(unlessGone));
  throw failure('SECRET_EXPOSED', `${dockerfile}: the image holds ${found.kind}, in ${[found.path, ...(found.within ?? [])].join(' of ')}`);
}
