import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { cpuQueue, hostQueue } from '../domain/index.ts';
import { readConfig, readSecrets, type Config } from '../infra/config.ts';
import { workflowQueue } from '../workflows/contract.ts';
import { connectDependencies } from './dependencies.ts';
import { createLogger, temporalLogger } from './logger.ts';

/** Runs until SIGTERM or SIGINT; what runs in containers then is let go of, and the next worker attaches to it. */
async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config);
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: ['SIGTERM', 'SIGINT'] });
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  try {
    const activities = createActivities(await connectDependencies(config, readSecrets(), logger));
    const workers = await createWorkers(config, connection, activities);
    logger.info({ host: config.host, queues: workers.map((worker) => worker.options.taskQueue) }, 'worker ready');
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await connection.close();
  }
}

/** One worker a queue: workflows and light activities, Docker work of this host, and training, one container at a time. */
function createWorkers(config: Config, connection: NativeConnection, activities: object): Promise<Worker[]> {
  const shared = {
    connection,
    namespace: config.namespace,
    activities,
    // `reprise watch` shows what heartbeats carry; the default would hold them back for 24 s.
    maxHeartbeatThrottleInterval: '5s',
    shutdownGraceTime: '3s',
  } as const;
  const workflowsPath = fileURLToPath(new URL(`../workflows/index${extname(import.meta.filename)}`, import.meta.url));
  return Promise.all([
    Worker.create({ ...shared, taskQueue: workflowQueue, workflowsPath }),
    Worker.create({ ...shared, taskQueue: hostQueue(config.host) }),
    Worker.create({ ...shared, taskQueue: cpuQueue(config.host), maxConcurrentActivityTaskExecutions: 1 }),
  ]);
}

await main();
