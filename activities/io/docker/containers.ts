import { posix } from 'node:path';
import type Docker from 'dockerode';
import type { Container, ContainerCreateOptions, HostConfig } from 'dockerode';
import type { FailureCode } from '../../../domain/index.ts';
import { failure } from '../../failure.ts';
import { isConflict, isNotFound, onEngine, refusedCommand } from './errors.ts';
import { layerQuota } from './layer-quota.ts';
import { hardenedHostConfig, scratchDirectories, type Confinement } from './host-config.ts';
import { noticeEnd } from './missed-end.ts';
import { containerName, labelNames, labelsOf, type Owner } from './names.ts';
import { startContainer } from './start-container.ts';

export interface ContainerPlan {
  owner: Owner;
  /** Image id. */
  image: string;
  env: Record<string, string>;
  /** Beside those of its owner. */
  labels?: Record<string, string>;
  confinement: Confinement;
  /** UUID of the device that it has to itself; its lease is taken before its start. */
  device?: string | undefined;
  /** What it is called when the image's own command cannot be run. */
  whenRefused: Extract<FailureCode, 'TRAIN_EXIT' | 'SERVE_EXITED'>;
}

export interface ContainerState {
  id: string;
  status: 'created' | 'running' | 'exited';
  /** Frozen by `docker pause`; it counts as running. */
  paused: boolean;
  /** Meaningful once exited. */
  exitCode: number;
  oomKilled: boolean;
  /** ISO 8601, by the engine's clock; undefined before the first start. A restart moves it. */
  startedAt: string | undefined;
  /** Of the last end; while it runs again, of the end before. */
  finishedAt: string | undefined;
  /** IP addresses by network name. */
  addresses: Record<string, string>;
}

/**
 * The container of a stage: the one that an earlier attempt made, or a new one that is not started yet.
 * Failures: IMAGE_GONE, ENGINE_UNREACHABLE, DISK_FULL, `plan.whenRefused` where the image has no command.
 */
export async function createOrAttach(docker: Docker, plan: ContainerPlan): Promise<Container> {
  const existing = await findContainer(docker, plan.owner);
  if (existing?.image === plan.image) return existing.container;
  // Made from another image in an earlier life of the same run: nothing of it can be used.
  if (existing) await removeContainer(existing.container);
  const options = createOptions(plan, await claimsOf(docker, plan.image));
  const quota = await layerQuota(docker, plan.image, plan.confinement.layerBytes, plan.owner);
  try {
    return await docker.createContainer({ ...options, HostConfig: { ...options.HostConfig, ...quota } });
  } catch (error) {
    if (isConflict(error)) return docker.getContainer(containerName(plan.owner));
    throw refusal(error, plan) ?? (await onEngine('creating the container', () => Promise.reject(error)));
  }
}

/** Starts a container that was never started; one that runs or has run is left as it is. Failures: GPU_RUNTIME_MISSING, `plan.whenRefused`. */
export async function startOnce(docker: Docker, container: Container, plan: ContainerPlan): Promise<void> {
  if ((await stateOf(container)).status !== 'created') return;
  await startAgain(docker, container, plan);
}

/** Starts a container that has ended, or was never started; harmless where it runs. Failures: GPU_RUNTIME_MISSING, `plan.whenRefused`. */
export async function startAgain(docker: Docker, container: Container, plan: Pick<ContainerPlan, 'whenRefused'>): Promise<void> {
  try {
    await startContainer(docker, container).catch(unlessEnded);
  } catch (error) {
    if (isForgotten(error)) await removeContainer(container);
    if (isForgotten(error)) throw failure('ENGINE_LOST_CONTAINER', 'the engine had forgotten that it was starting the container; it is made anew', { cause: error });
    throw refusal(error, plan) ?? (await onEngine('starting the container', () => Promise.reject(error)));
  }
}

/** An engine that was killed while it started a container finds the task again, and never starts that container any more. */
function isForgotten(error: unknown): boolean {
  return /task [0-9a-f]+: already exists/.test(String(error));
}

export async function stateOf(container: Container): Promise<ContainerState> {
  const { Id, State, NetworkSettings } = await onEngine('inspecting the container', () => container.inspect());
  const live = State.Running || State.Status === 'restarting';
  if (State.Running) await noticeEnd(container, { id: Id, pid: State.Pid });
  return {
    id: Id,
    status: live ? 'running' : State.Status === 'created' ? 'created' : 'exited',
    paused: State.Paused,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    startedAt: instant(State.StartedAt),
    finishedAt: instant(State.FinishedAt),
    addresses: Object.fromEntries(Object.entries(NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress])),
  };
}

/** SIGTERM, the grace, SIGKILL; resolves when it has ended. Harmless where it has ended or is gone. */
export async function stopContainer(container: Container, graceMs: number): Promise<void> {
  await onEngine('stopping the container', () => container.stop({ t: Math.ceil(graceMs / 1_000) }).catch(unlessEnded));
}

/** Kills and removes it with its anonymous volumes. Harmless where it is gone. */
export async function removeContainer(container: Container): Promise<void> {
  await onEngine('removing the container', () => container.remove({ force: true, v: true }).catch(unlessGone));
}

/** As removeContainer, by name, and only what is the owner's. */
export async function removeOwned(docker: Docker, owner: Owner): Promise<void> {
  const found = await findContainer(docker, owner);
  if (found) await removeContainer(found.container);
}

export function createOptions(plan: ContainerPlan, { labels, volumes }: ImageClaims): ContainerCreateOptions {
  return {
    name: containerName(plan.owner),
    Image: plan.image,
    Env: Object.entries(plan.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...silenced(labels), ...plan.labels, ...labelsOf(plan.owner), ...(plan.device === undefined ? {} : { [labelNames.device]: plan.device }) },
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    // Who joins another's namespace has its name.
    ...(plan.confinement.network.startsWith('container:') ? {} : { Hostname: 'reprise' }),
    Tty: false,
    OpenStdin: false,
    HostConfig: { ...hardenedHostConfig(plan.confinement), ...readOnlyVolumes(plan, volumes) },
  };
}

/** What an image says of the containers that are made of it. */
export interface ImageClaims {
  labels: Record<string, string>;
  /** Paths of its VOLUME instructions. */
  volumes: string[];
}

/**
 * A volume of the image's own would be a place to write to that no limit knows; where the root is read-only, so is what it has
 * there. The engine takes no read-only volume without a name.
 */
function readOnlyVolumes({ owner, confinement: { readOnlyRoot, volumes } }: ContainerPlan, claimed: string[]): Pick<HostConfig, 'Mounts'> {
  if (!readOnlyRoot) return {};
  const taken = new Set<string>([...scratchDirectories, ...volumes.map(({ path }) => path)]);
  const own = claimed.map((path) => posix.normalize(path).replace(/(?<=.)\/$/, '')).filter((path) => !taken.has(path));
  const options = { NoCopy: false, Labels: labelsOf(owner), DriverConfig: { Name: 'local', Options: {} } };
  return { Mounts: own.map((Target, index) => ({ Type: 'volume', Source: `${containerName(owner)}-own-${index}`, Target, ReadOnly: true, VolumeOptions: options })) };
}

/** An image's labels would count as the container's: one could claim another run, or put it into somebody's compose project. */
function silenced(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, '']));
}

async function findContainer(docker: Docker, owner: Owner): Promise<{ container: Container; image: string } | undefined> {
  const container = docker.getContainer(containerName(owner));
  const info = await onEngine('looking for the container', () => container.inspect().catch(unlessGone));
  if (!info) return undefined;
  if (info.Config.Labels[labelNames.run] === owner.run) return { container: docker.getContainer(info.Id), image: info.Image };
  throw failure('PLATFORM_ERROR', `the container name ${containerName(owner)} is taken by a container that is not of this run`);
}

async function claimsOf(docker: Docker, image: string): Promise<ImageClaims> {
  const { Config } = await onEngine(`looking for the image ${image}`, () => docker.getImage(image).inspect());
  return { labels: Config.Labels ?? {}, volumes: Object.keys((Config.Volumes as Record<string, object> | null) ?? {}) };
}

function refusal(error: unknown, plan: Pick<ContainerPlan, 'whenRefused'>): Error | undefined {
  const reason = refusedCommand(error);
  return reason === undefined ? undefined : failure(plan.whenRefused, `the image's command could not be started: ${reason}`, { cause: error });
}

/** The engine writes year 1 for "never". */
function instant(time: string): string | undefined {
  return time.startsWith('0001-') ? undefined : time;
}

function unlessGone(error: unknown): undefined {
  if (isNotFound(error) || (isConflict(error) && /already in progress/.test(String(error)))) return undefined;
  throw error;
}

function unlessEnded(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode === 304) return undefined;
  return unlessGone(error);
}
