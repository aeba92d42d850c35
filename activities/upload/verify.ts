import type { Artifact } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import type { StageContext } from '../stage.ts';

const headsInFlight = 16;
const mostNamed = 5;

/**
 * Sees that every object is in the store with its size, each once, and gives back how many there are and their bytes.
 * Failures: STORE_CORRUPT, naming what is missing.
 */
export async function verifyStored(
  store: ObjectStore,
  artifacts: Artifact[],
  { signal, report }: Pick<StageContext, 'signal' | 'report'>,
): Promise<{ objects: number; bytes: number }> {
  const unique = [...new Map(artifacts.map((artifact) => [artifact.key, artifact])).values()];
  const wrong: string[] = [];
  let done = 0;
  await forEachConcurrently(unique, headsInFlight, async ({ key, path, sizeBytes }) => {
    signal.throwIfAborted();
    const found = await store.head(key);
    if (!found) wrong.push(`${path} (${key}) is missing`);
    else if (found.sizeBytes !== sizeBytes) wrong.push(`${path} (${key}) has ${found.sizeBytes} bytes instead of ${sizeBytes}`);
    done += 1;
    report({ message: 'looking for every object in the store', done, total: unique.length });
  });
  if (wrong.length === 0) return { objects: unique.length, bytes: unique.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  const more = wrong.length > mostNamed ? ` and ${wrong.length - mostNamed} more` : '';
  throw failure('STORE_CORRUPT', `${wrong.slice(0, mostNamed).join('; ')}${more}`);
}
