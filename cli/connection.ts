import { Client, Connection } from '@temporalio/client';
import { createS3Store } from '../activities/io/s3.ts';
import type { ObjectStore } from '../activities/io/store.ts';
import type { Config } from '../infra/config.ts';
import { SetupError } from '../infra/step.ts';

/** A client of a running stack: Temporal for what happens, the object store for what was kept. */
export interface Reprise {
  config: Config;
  temporal: Client;
  store: ObjectStore;
  close(): Promise<void>;
}

/** Connects to the configured Temporal server. Throws SetupError where none answers; the store is reached when first used. */
export async function connect(config: Config): Promise<Reprise> {
  const connection = await Connection.connect({ address: config.temporalAddress, connectTimeout: '3s' }).catch((cause: unknown) => {
    throw new SetupError(`no Temporal server answers at ${config.temporalAddress}`, 'Run `reprise up`, then `reprise doctor`.', { cause });
  });
  return {
    config,
    temporal: new Client({ connection, namespace: config.namespace }),
    store: storeOf(config),
    close: () => connection.close(),
  };
}

/** The configured object store, for commands that need no Temporal server. */
export function storeOf(config: Config): ObjectStore {
  return createS3Store({
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyId: config.s3AccessKeyId ?? '',
    secretAccessKey: config.s3SecretAccessKey ?? '',
  });
}
