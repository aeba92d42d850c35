import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Dependencies } from '../activities/dependencies.ts';
import { createActivities } from '../activities/index.ts';
import { discoverGpus } from '../activities/intake/gpus.ts';
import { deviceHealth } from '../activities/io/gpu-devices.ts';
import { maskedValues } from '../activities/logs/index.ts';
import { createKnownSecrets } from '../activities/secrets/known.ts';
import { cpuQueue, gpuQueue, hostQueue, limits } from '../domain/index.ts';
import { readConfig, readSecrets, type Config } from '../infra/config.ts';
import { workflowQueue } from '../workflows/contract.ts';
import { chosenGpus } from './chosen-gpus.ts';
import { connectDependencies } from './dependencies.ts';
import { serveDevices, type DeviceService, type DeviceWorker } from './devices.ts';
import { giveBackLeftBehind, workerIdentity } from './left-behind.ts';
import { createLogger, temporalLogger } from './logger.ts';
import { sweepOrphans } from './orphans.ts';
import { optionsOf, workerHelp } from './options.ts';
import { leaveInTime } from './leaving.ts';
import { startProblem, UnreachableError } from './start-problem.ts';

const shutdownSignals: NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** Runs until SIGTERM or SIGINT; what runs in containers then is let go of, and the next worker attaches to it. */
async function main(): Promise<void> {
  const { help, environment, gpus } = optionsOf(process.argv.slice(2), process.env);
  if (help) return void process.stdout.write(workerHelp);
  const config = readConfig(environment);
  const offeredGpus = gpus && chosenGpus(gpus, await discoverGpus());
  const secrets = readSecrets();
  const known = createKnownSecrets(maskedValues({ secrets, httpProxy: config.httpProxy, httpsProxy: config.httpsProxy }));
  const logger = createLogger(config, known.mask);
  // As in the logger: a full disk must not end the worker.
  process.stderr.on('error', () => undefined);
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals });
  leaveInTime(shutdownSignals, limits.workerEndMs, logger);
  const connection = await NativeConnection.connect({ address: config.temporalAddress }).catch((cause: unknown) => {
    throw new UnreachableError(`no Temporal server answers at ${config.temporalAddress}`, { cause });
  });
  const leaving = new AbortController();
  try {
    const client = new Client({ connection: await Connection.connect({ address: config.temporalAddress }), namespace: config.namespace });
    const connected = await connectDependencies(config, client, secrets, logger);
    const dependencies: Dependencies = { ...connected, settings: { ...connected.settings, ...(offeredGpus ? { offeredGpus } : {}) }, onSecrets: known.learn };
    const workers = await createWorkers(config, connection, createActivities(dependencies));
    logger.info({ host: config.host, queues: workers.map((worker) => worker.options.taskQueue) }, 'worker ready');
    // Besides: what is not given back now is when its heartbeats are missed.
    giveBackLeftBehind(client, config.host, logger).catch((error: unknown) => logger.warn({ error }, 'not looked for what a killed worker left'));
    const serving = serveDevices(deviceService(config, connection, dependencies), logger, leaving.signal);
    void sweepOrphans(dependencies, client, logger, leaving.signal); // Broken off at any moment, it is done again by the next worker.
    await Promise.all(workers.map((worker) => worker.run())).finally(() => leaving.abort());
    await serving;
  } finally {
    await connection.close();
  }
}

/** One worker a queue: workflows and light activities, Docker work of this host, and training without a GPU, one container at a time. */
function createWorkers(config: Config, connection: NativeConnection, activities: object): Promise<Worker[]> {
  const shared = { ...sharedOptions(config, connection), activities };
  const workflowsPath = fileURLToPath(new URL(`../workflows/index${extname(import.meta.filename)}`, import.meta.url));
  return Promise.all([
    Worker.create({ ...shared, taskQueue: workflowQueue, workflowsPath }),
    Worker.create({ ...shared, taskQueue: hostQueue(config.host) }),
    Worker.create({ ...shared, taskQueue: cpuQueue(config.host), maxConcurrentActivityTaskExecutions: 1 }),
  ]);
}

/** One worker a device, which knows no other device. */
function deviceService(config: Config, connection: NativeConnection, dependencies: Dependencies): DeviceService {
  return {
    everyMs: limits.deviceLookMs,
    discover: async () => (await discoverGpus(dependencies.settings.offeredGpus)).map(({ uuid }) => uuid),
    async problemOf(uuid) {
      const health = await deviceHealth(uuid);
      return health?.healthy === false ? health.problem : undefined;
    },
    async create(uuid) {
      const activities = createActivities({ ...dependencies, settings: { ...dependencies.settings, gpuDevices: [uuid] } });
      const taskQueue = gpuQueue(config.host, uuid);
      return deviceWorker(await Worker.create({ ...sharedOptions(config, connection), activities, taskQueue, maxConcurrentActivityTaskExecutions: 1 }));
    },
  };
}

function deviceWorker(worker: Worker): DeviceWorker {
  return {
    run: () => worker.run(),
    // A process that shuts down has told the worker already.
    shutdown: () => (worker.getState() === 'RUNNING' ? worker.shutdown() : undefined),
    busy: () => (worker.getStatus().numInFlightActivities ?? 0) > 0,
  };
}

function sharedOptions(config: Config, connection: NativeConnection) {
  return {
    connection,
    namespace: config.namespace,
    identity: workerIdentity(config.host),
    // What a killed worker had cached goes on after this on another one; the default is 10 s.
    stickyQueueScheduleToStartTimeout: '5s',
    // `reprise watch` shows what heartbeats carry; the default would hold them back for 24 s.
    maxHeartbeatThrottleInterval: '5s',
    shutdownGraceTime: '3s',
  } as const;
}

await main().catch((error: unknown) => {
  const report = startProblem(error);
  if (!report) throw error;
  process.stderr.write(`reprise-worker: ${report.message}\n  Next: ${report.nextStep}\n`);
  process.exitCode = report.exitCode;
});
// Requests of what was let go of may wait for an engine or a store that does not answer: nothing of theirs is worth a wait.
process.exit();
