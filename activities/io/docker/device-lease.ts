import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { limits } from '../../../domain/index.ts';
import { removeContainer } from './containers.ts';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { containerName, deviceLeaseName, labelNames, labelsOf, type Owner } from './names.ts';

/**
 * Takes a device for one run: a container that is never started and bears the device's name, which the engine gives only once.
 * The same run has it again after a crash. Where another run has it, or something still runs on it, resolves to that run's name; one
 * whose container does not run has left it behind after `leftAfterMs`, and it is taken over. Failures: ENGINE_UNREACHABLE.
 */
export async function takeDevice(docker: Docker, uuid: string, owner: Owner, image: string, leftAfterMs: number = limits.deviceLeaseMs): Promise<{ heldBy: string }> {
  for (;;) {
    if (await createLease(docker, uuid, owner, image)) return onceFree(docker, uuid, owner);
    const present = await findLease(docker, uuid);
    if (!present) continue;
    if (present.run === owner.run) return onceFree(docker, uuid, owner);
    if (!(await isLeftBehind(docker, present, leftAfterMs))) return { heldBy: present.run };
    await takeAway(docker, present);
  }
}

/** As takeDevice, of several devices; resolves to the one that the run has, and waits until one is free. `waiting` is told who has one. */
export async function untilDeviceTaken(
  docker: Docker,
  uuids: readonly string[],
  owner: Owner,
  image: string,
  signal: AbortSignal,
  waiting: (run: string) => void,
  leftAfterMs?: number,
): Promise<string> {
  for (;;) {
    let holder = '';
    for (const uuid of await ownFirst(docker, uuids, owner)) {
      const { heldBy } = await takeDevice(docker, uuid, owner, image, leftAfterMs);
      if (heldBy === owner.run) return uuid;
      holder = heldBy;
    }
    waiting(holder);
    await sleep(limits.containerPollMs, undefined, { signal });
  }
}

/** Gives back the devices that a run has; harmless where it has none. */
export async function releaseDevices(docker: Docker, { run }: Pick<Owner, 'run'>): Promise<void> {
  for (const { id } of await leasesOf(docker, run)) await removeContainer(docker.getContainer(id));
}

interface PresentLease {
  id: string;
  run: string;
  createdMs: number;
  trainingName: string;
}

async function createLease(docker: Docker, uuid: string, owner: Owner, image: string): Promise<boolean> {
  return onEngine('taking the device', () =>
    docker
      .createContainer({
        name: deviceLeaseName(uuid),
        Image: image,
        Cmd: ['-'],
        Labels: { ...labelsOf(owner), [labelNames.lease]: uuid, [labelNames.guarded]: containerName(owner) },
        HostConfig: { NetworkMode: 'none' },
      })
      .then(
        () => true,
        (error: unknown) => {
          if (isConflict(error)) return false;
          throw error;
        },
      ),
  );
}

/** A lease is the right to start; what runs on the device without one, however it came there, ends first. */
async function onceFree(docker: Docker, uuid: string, owner: Owner): Promise<{ heldBy: string }> {
  const running = await onEngine('asking what runs on the device', () => docker.listContainers({ filters: { label: [`${labelNames.device}=${uuid}`] } }));
  const other = running.find(({ Labels }) => Labels[labelNames.run] !== owner.run);
  return { heldBy: other?.Labels[labelNames.run] ?? owner.run };
}

/**
 * The container of whoever left it behind goes first: should its worker come back from a long sleep just before its start, there is
 * nothing to start. It never ran, or had ended; what it kept lies in its volumes. The lease goes by its id: the name may be another's
 * by now.
 */
async function takeAway(docker: Docker, { id, trainingName }: PresentLease): Promise<void> {
  const left = await inspected(docker, trainingName);
  if (left && !left.State.Running) await removeContainer(docker.getContainer(left.Id));
  await removeContainer(docker.getContainer(id));
}

async function ownFirst(docker: Docker, uuids: readonly string[], { run }: Owner): Promise<string[]> {
  const own = new Set((await leasesOf(docker, run)).map(({ uuid }) => uuid));
  return [...uuids].sort((a, b) => Number(own.has(b)) - Number(own.has(a)));
}

async function leasesOf(docker: Docker, run: string): Promise<{ id: string; uuid: string }[]> {
  const filters = { label: [labelNames.lease, `${labelNames.run}=${run}`] };
  const found = await onEngine('looking for the devices of a run', () => docker.listContainers({ all: true, filters }));
  const leases = found.map(({ Id, Names, Labels }) => ({ id: Id, uuid: Labels[labelNames.lease] ?? '', names: Names }));
  // By label and by name: an image of another submission may claim the label, on what its build leaves.
  return leases.filter(({ uuid, names }) => names.includes(`/${deviceLeaseName(uuid)}`));
}

async function findLease(docker: Docker, uuid: string): Promise<PresentLease | undefined> {
  const found = await inspected(docker, deviceLeaseName(uuid));
  if (!found) return undefined;
  const { Labels } = found.Config;
  return { id: found.Id, run: Labels[labelNames.run] ?? '', createdMs: Date.parse(found.Created), trainingName: Labels[labelNames.guarded] ?? '' };
}

/** A holder between taking the device and starting its container has nothing running yet. */
async function isLeftBehind(docker: Docker, { createdMs, trainingName }: PresentLease, leftAfterMs: number): Promise<boolean> {
  if (Date.now() - createdMs < leftAfterMs) return false;
  const training = await inspected(docker, trainingName);
  return !training?.State.Running;
}

async function inspected(docker: Docker, name: string): Promise<Docker.ContainerInspectInfo | undefined> {
  return onEngine('looking for a container', () =>
    docker.getContainer(name).inspect().catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    }),
  );
}
