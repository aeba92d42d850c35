import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Logger } from 'pino';
import type { Dependencies } from '../activities/dependencies.ts';
import { createDocker } from '../activities/io/docker/connection.ts';
import { meteredStore } from '../activities/io/metering.ts';
import { createS3Store } from '../activities/io/s3.ts';
import type { Config } from '../infra/config.ts';
import { activityTasks, lastPolledMs, pollerGoneMs } from '../infra/probes.ts';
import { askClients } from '../infra/pip-configuration.ts';
import { recordingSettings } from '../infra/recording-settings.ts';
import { ownScratch } from '../infra/scratch.ts';
import { stateOf } from '../infra/state.ts';
import { stageProgressSignal } from '../workflows/contract.ts';

/** Everything that the stages need of the world, made of the configuration. */
export async function connectDependencies(config: Config, client: Client, secrets: Record<string, string>, logger: Logger): Promise<Dependencies> {
  return {
    store: meteredStore(createS3Store({
      endpoint: config.s3Endpoint,
      region: config.s3Region,
      bucket: config.s3Bucket,
      accessKeyId: config.s3AccessKeyId ?? '',
      secretAccessKey: config.s3SecretAccessKey ?? '',
    })),
    docker: createDocker(config.dockerSocket),
    logger,
    settings: {
      host: config.host,
      imageMap: config.imageMap,
      caBundle: config.caBundle,
      httpProxy: config.httpProxy,
      httpsProxy: config.httpsProxy,
      ...(await askClients(config)),
      aptSnapshot: config.aptSnapshot,
      aptArchive: config.aptArchive,
      condaChannels: config.condaChannels,
      indexCacheDirectory: join(config.cache, 'pip-index'),
      ...recordingSettings(config),
      trainingReachable: config.trainingReachable,
      suiteKeyFile: config.suiteKeyFile,
      signingKeyFile: config.signingKeyFile,
      fingerprintKeyFile: config.fingerprintKeyFile,
      secrets,
      secretsDirectory: stateOf(config).secrets,
      ...(config.containerRuntime === undefined ? {} : { containerRuntime: config.containerRuntime }),
      scratchDirectory: ownScratch(config),
    },
    async exportHistory(workflowId) {
      const history = await client.workflow.getHandle(workflowId).fetchHistory();
      return Buffer.from(historyToJSON(history));
    },
    async isPolled(queue) {
      return (await lastPolledMs(client.workflowService, config.namespace, queue, activityTasks)) > Date.now() - pollerGoneMs;
    },
    async signalProgress(workflowId, progress) {
      await client.workflow.getHandle(workflowId).signal(stageProgressSignal, progress);
    },
  };
}
