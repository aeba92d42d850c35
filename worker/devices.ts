import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** What runs while a device is in service: a Temporal worker, reduced to what is asked of it here. */
export interface DeviceWorker {
  run(): Promise<void>;
  shutdown(): void;
  /** Trainings that it looks after now. */
  busy(): boolean;
}

export interface DeviceService {
  /** UUIDs of the machine's devices that this worker may give out. */
  discover(): Promise<string[]>;
  /** What is wrong with a device; undefined where nothing is. */
  problemOf(uuid: string): Promise<string | undefined>;
  create(uuid: string): Promise<DeviceWorker>;
  everyMs: number;
}

/**
 * Keeps one worker for every device of this machine that is in order, and looks again and again: a device that is wedged takes no
 * new training until it is in order again; the one that it has is looked after to its end. Runs until `signal` is aborted.
 */
export async function serveDevices(service: DeviceService, logger: Logger, signal: AbortSignal): Promise<void> {
  const serving = new Map<string, { worker: DeviceWorker; ended: Promise<void> }>();
  while (!signal.aborted) {
    const found = await service.discover();
    for (const uuid of new Set([...found, ...serving.keys()])) {
      const problem = found.includes(uuid) ? await service.problemOf(uuid) : 'it is not listed any more';
      const present = serving.get(uuid);
      if (problem === undefined && !present && !signal.aborted) serving.set(uuid, await begin(service, uuid, logger));
      if (problem === undefined || !present || present.worker.busy()) continue;
      logger.error({ device: uuid, problem }, 'device out of service');
      present.worker.shutdown();
      await present.ended;
      serving.delete(uuid);
    }
    await sleep(service.everyMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all([...serving.values()].map(({ ended }) => ended));
}

async function begin(service: DeviceService, uuid: string, logger: Logger): Promise<{ worker: DeviceWorker; ended: Promise<void> }> {
  const worker = await service.create(uuid);
  logger.info({ device: uuid }, 'device in service');
  return { worker, ended: worker.run() };
}
