import type { GivenSecrets, Submission } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { createValueSearch } from '../scan/values.ts';
import { readSecrets } from './files.ts';
import { guardedStore } from './guarded-store.ts';

/** What an activity's input says of secrets. */
export interface SecretsOfInput {
  secrets?: GivenSecrets;
  submission?: Pick<Submission, 'secrets'>;
}

/**
 * The dependencies of one run: with the values that the operator gave for it, which go before the worker's own of the same name,
 * and a store that takes no value that the submission gets. Failures: SECRET_MISSING.
 */
export async function dependenciesOfRun(dependencies: Dependencies, { secrets: given, submission }: SecretsOfInput): Promise<Dependencies> {
  const { settings, store } = dependencies;
  const own = given ? await readSecrets(settings.secretsDirectory ?? '', given) : {};
  const secrets = { ...settings.secrets, ...own };
  const names = new Set([...Object.keys(own), ...(submission?.secrets ?? [])]);
  const exposed = Object.entries(secrets).flatMap(([name, value]) => (names.has(name) ? [{ name, value }] : []));
  if (exposed.length === 0) return dependencies;
  dependencies.onSecrets?.(exposed);
  return { ...dependencies, settings: { ...settings, secrets, exposedSecrets: exposed }, store: guardedStore(store, createValueSearch(exposed)) };
}
