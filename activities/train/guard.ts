import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { removeContainer } from '../io/docker/containers.ts';
import { isConflict, isNotFound, onEngine } from '../io/docker/errors.ts';
import { outputOf } from '../io/docker/execute.ts';
import { noticeEnd } from '../io/docker/missed-end.ts';
import { ownImage } from '../io/docker/own-image.ts';
import { guardName, labelNames, labelsOf, type Owner } from '../io/docker/names.ts';
import { startContainer } from '../io/docker/start-container.ts';
import { guardScript, stoppedMark } from './guard-script.ts';
import type { TrainingVolumes } from './plan.ts';

/** When a guard stops its container: at an instant (Unix time in ms), or so long after the container's process began. */
export type GuardDeadline = { atMs: number } | { afterStartMs: number };

export interface Guarded {
  owner: Owner;
  /** Id of the training container. */
  container: string;
  /** Start of its present life (Unix time in ms), NaN before it; from there a guard may count. */
  startedMs: number;
  volumes: TrainingVolumes;
}

/** Where a guard sees what its training writes, read-only, and where it copies some of it. */
export const guardDirectories = { output: '/watched/output', checkpoints: '/watched/checkpoints', others: '/watched/others', copies: '/copies' } as const;

/**
 * Has a guard beside a training: a container of the platform's own that stops the training at its deadline (SIGTERM, grace,
 * SIGKILL) when nobody else is alive to do it. It sees the host's processes and the training sees none of it; it has no network,
 * no socket and no input from the training. One that was made for another container or deadline is replaced; the one that this
 * resolves to is known by its name, and so is whatever replaces it.
 * Failures: GUARD_IMAGE_MISSING, ENGINE_UNREACHABLE.
 */
export async function ensureGuard(docker: Docker, guarded: Guarded, deadline: GuardDeadline, settings: Pick<Settings, 'imageMap'>): Promise<Container> {
  for (;;) {
    const present = await findGuard(docker, guarded.owner);
    if (present && present.guarded === guarded.container && isAsGood(present, deadline, guarded.startedMs)) return docker.getContainer(guardName(guarded.owner));
    if (present) await removeContainer(present.container);
    const made = await createGuard(docker, guarded, deadline, ownImage(settings));
    if (!made) continue; // Another attempt was faster; look at what it made.
    await onEngine('starting the guard', () => startContainer(docker, made));
    return docker.getContainer(guardName(guarded.owner));
  }
}

/**
 * Ends what runs of a container that the engine has forgotten, so that the one made in its place is alone with its device and its
 * volumes. Failures: ENGINE_UNREACHABLE.
 */
export async function endForgotten(guard: Container, container: string): Promise<void> {
  await outputOf(guard, ['sh', '-c', 'for file in $(grep -ls "$1" /proc/[0-9]*/cgroup); do file=${file%/cgroup}; kill -KILL "${file##*/}"; done; true', 'end', container], 1_000);
}

export async function removeGuard(docker: Docker, owner: Owner): Promise<void> {
  await removeContainer(docker.getContainer(guardName(owner)));
}

/** Whether the guard of a training has stopped it. Failures: ENGINE_UNREACHABLE. */
export async function hasGuardStopped(docker: Docker, { owner, container }: Pick<Guarded, 'owner' | 'container'>): Promise<boolean> {
  const present = await findGuard(docker, owner);
  if (present?.guarded !== container) return false;
  const said = await onEngine('asking the guard', () => present.container.logs({ stdout: true, stderr: false }));
  return said.toString('utf8').includes(stoppedMark);
}

interface PresentGuard {
  container: Container;
  guarded: string;
  deadline: GuardDeadline;
  /** A worker of an earlier version made it without a place for copies. */
  lacksCopies: boolean;
  /** It ends after it has stopped the training; otherwise it is to run. */
  running: boolean;
}

function isAsGood({ deadline, running, lacksCopies }: PresentGuard, wanted: GuardDeadline, startedMs: number): boolean {
  if (running && lacksCopies) return false;
  if ('afterStartMs' in wanted) return running && 'afterStartMs' in deadline && deadline.afterStartMs === wanted.afterStartMs;
  // It has ended because it did what it is for.
  if (!running) return Date.now() >= wanted.atMs;
  const atMs = 'atMs' in deadline ? deadline.atMs : startedMs + deadline.afterStartMs;
  return Math.abs(atMs - wanted.atMs) <= limits.guardToleranceMs;
}

async function findGuard(docker: Docker, owner: Owner): Promise<PresentGuard | undefined> {
  const found = await onEngine('looking for the guard', () =>
    docker.getContainer(guardName(owner)).inspect().catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    }),
  );
  if (!found) return undefined;
  if (found.State.Running) await noticeEnd(docker.getContainer(found.Id), { id: found.Id, pid: found.State.Pid });
  const label = found.Config.Labels[labelNames.deadline] ?? '';
  const deadline = label.startsWith('+') ? { afterStartMs: Number(label.slice(1)) } : { atMs: Number(label) };
  return {
    container: docker.getContainer(found.Id),
    guarded: found.Config.Labels[labelNames.guarded] ?? '',
    deadline,
    lacksCopies: !found.Mounts.some(({ Destination }) => Destination === guardDirectories.copies),
    running: found.State.Running,
  };
}

async function createGuard(docker: Docker, { owner, container, volumes }: Guarded, deadline: GuardDeadline, image: string): Promise<Container | undefined> {
  const until = 'atMs' in deadline ? String(Math.round(deadline.atMs)) : `+${Math.round(deadline.afterStartMs)}`;
  try {
    return await docker.createContainer({
      name: guardName(owner),
      Image: image,
      Entrypoint: ['/bin/sh', '-c', guardScript, 'guard'],
      Cmd: [container, until, String(limits.stopGraceMs)],
      Labels: { ...labelsOf(owner), [labelNames.deadline]: until, [labelNames.guarded]: container },
      User: '0',
      WorkingDir: '/',
      HostConfig: {
        PidMode: 'host',
        CgroupnsMode: 'host',
        UsernsMode: 'host',
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        // To end processes of any user, to read what any user wrote, and to write where an engine with user namespaces made the volume.
        CapAdd: ['KILL', 'DAC_READ_SEARCH', 'DAC_OVERRIDE'],
        SecurityOpt: ['no-new-privileges'],
        Memory: limits.guardMemoryBytes,
        MemorySwap: limits.guardMemoryBytes,
        PidsLimit: 32,
        RestartPolicy: { Name: 'on-failure' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '64k', 'max-file': '1' } },
        Binds: [
          `${volumes.output}:${guardDirectories.output}:ro,nocopy`,
          `${volumes.checkpoints}:${guardDirectories.checkpoints}:ro,nocopy`,
          `${volumes.copies}:${guardDirectories.copies}:rw,nocopy`,
          ...(await imageVolumes(docker, container)).map((name, index) => `${name}:${guardDirectories.others}/${index}:ro,nocopy`),
        ],
      },
    } as Docker.ContainerCreateOptions);
  } catch (error) {
    if (isConflict(error)) return undefined;
    if (isNotFound(error)) throw failure('GUARD_IMAGE_MISSING', `the engine has no ${image}, in which the deadline of a training is kept`, { cause: error });
    return onEngine('creating the guard', () => Promise.reject(error));
  }
}

/** Volumes that the image's own VOLUME instructions made: without them a training could write past its quota. */
async function imageVolumes(docker: Docker, container: string): Promise<string[]> {
  const { Mounts } = await onEngine('looking at the volumes of the training', () => docker.getContainer(container).inspect());
  return Mounts.flatMap(({ Name }) => (Name !== undefined && /^[0-9a-f]{64}$/.test(Name) ? [Name] : []));
}
