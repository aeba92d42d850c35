import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { limits } from '../../domain/index.ts';
import { removeContainer } from '../io/docker/containers.ts';
import { isConflict, isNotFound, onEngine } from '../io/docker/errors.ts';
import { containerName, deviceLeaseName, labelNames, labelsOf, type Owner } from '../io/docker/names.ts';

/**
 * Takes a device for one run: a container that is never started and bears the device's name, which the engine gives only once.
 * The same run has it again after a crash. Where another run has it, resolves to that run's name; one whose container does not
 * run has left it behind after `leftAfterMs`, and it is taken over. Failures: ENGINE_UNREACHABLE.
 */
export async function takeDevice(docker: Docker, uuid: string, owner: Owner, image: string, leftAfterMs: number = limits.deviceLeaseMs): Promise<{ heldBy: string }> {
  for (;;) {
    const created = await createLease(docker, uuid, owner, image);
    if (created) return { heldBy: owner.run };
    const present = await findLease(docker, uuid);
    if (!present) continue;
    if (present.run === owner.run || !(await isLeftBehind(docker, present, leftAfterMs))) return { heldBy: present.run };
    // By its id: the name may be another's by now.
    await removeContainer(docker.getContainer(present.id));
  }
}

/** As takeDevice, waiting until it is free; `waiting` is told who has it. */
export async function untilDeviceTaken(docker: Docker, uuid: string, owner: Owner, image: string, signal: AbortSignal, waiting: (run: string) => void): Promise<void> {
  for (;;) {
    const { heldBy } = await takeDevice(docker, uuid, owner, image);
    if (heldBy === owner.run) return;
    waiting(heldBy);
    await sleep(limits.containerPollMs, undefined, { signal });
  }
}

/** Gives a device back; harmless where the run does not have it. */
export async function releaseDevice(docker: Docker, uuid: string, owner: Owner): Promise<void> {
  const present = await findLease(docker, uuid);
  if (present?.run === owner.run) await removeContainer(docker.getContainer(present.id));
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
        Labels: { ...labelsOf(owner), [labelNames.device]: uuid, [labelNames.guarded]: containerName(owner) },
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
