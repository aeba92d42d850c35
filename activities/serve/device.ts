import type { Container } from 'dockerode';
import { tracks } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { discoverGpus, gpusOf } from '../intake/gpus.ts';
import { untilDeviceTaken } from '../io/docker/device-lease.ts';
import { stateOf } from '../io/docker/containers.ts';
import { onEngine } from '../io/docker/errors.ts';
import { labelNames, type Owner } from '../io/docker/names.ts';
import { createUseMeter } from '../io/docker/use.ts';
import { enterUse } from '../io/metering.ts';
import type { StageContext } from '../stage.ts';
import type { ServerInput } from './plan.ts';

/**
 * Takes a device of the track, which a server has to itself while it serves, and waits for one where others have all. Undefined where
 * the track has none, or this host knows none.
 */
export async function takeTracksDevice(
  { docker, settings }: Pick<Dependencies, 'docker' | 'settings'>,
  owner: Owner,
  { track, image }: Pick<ServerInput, 'track' | 'image'>,
  { signal, report }: Pick<StageContext, 'signal' | 'report'>,
): Promise<string | undefined> {
  if (tracks[track].gpu === undefined) return undefined;
  const devices = settings.gpuDevices ?? gpusOf(track, await discoverGpus(settings.offeredGpus)).map(({ uuid }) => uuid);
  if (devices.length === 0) return undefined;
  return untilDeviceTaken(docker, devices, owner, image.id, signal, (run) => report({ message: `waiting for a device, which ${run} has` }));
}

/** Enters what a server used in all its life so far: of CPU, while it runs, and of its device. */
export async function enterServersUse(container: Container): Promise<void> {
  const { startedAt, finishedAt, status } = await stateOf(container);
  if (startedAt === undefined) return;
  const { Config } = await onEngine('inspecting the container', () => container.inspect());
  const endMs = status === 'running' ? Date.now() : Date.parse(finishedAt ?? '');
  const used = status === 'running' ? await createUseMeter(container)() : undefined;
  const gpuMs = Config.Labels[labelNames.device] === undefined ? {} : { gpuMs: Math.max(endMs - Date.parse(startedAt), 0) };
  enterUse(startedAt, { ...(used ? { cpuMs: used.cpuMs } : {}), ...gpuMs });
}
