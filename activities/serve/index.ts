import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplicationFailure } from '@temporalio/common';
import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { createOrAttach, removeContainer, removeOwned, startOnce, stateOf, stopContainer, type ContainerState } from '../io/docker/containers.ts';
import { releaseDevices } from '../io/docker/device-lease.ts';
import { onEngine } from '../io/docker/errors.ts';
import { untilExcess, type Excess } from '../io/docker/excess.ts';
import { limitsOf, type ContainerLimits } from '../io/docker/host-config.ts';
import { networkName, relayName, volumeName, type Owner } from '../io/docker/names.ts';
import { ensureIsolatedNetwork, removeNetwork } from '../io/docker/networks.ts';
import { ownImage } from '../io/docker/own-image.ts';
import { ensureVolume, fillVolume, removeVolume } from '../io/docker/volumes.ts';
import { getTree, tarOfTree } from '../io/trees.ts';
import { copyContainerLog, type StageLog } from '../logs/index.ts';
import { secretFiles, secretsOf } from '../secrets/inject.ts';
import type { StageContext } from '../stage.ts';
import { ensureImage } from '../store-images/index.ts';
import { enterServersUse, takeTracksDevice } from './device.ts';
import { serverPlan, type ServerInput } from './plan.ts';
import { untilReady } from './readiness.ts';
import { openWay, type Way } from './way.ts';

export type { ServerInput } from './plan.ts';

export interface RunningServer {
  /** `http://127.0.0.1:<port>`, on the machine of this process only. */
  baseUrl: string;
  /** Start of its container, ISO 8601 by the engine's clock. */
  startedAt: string;
  alive(): Promise<boolean>;
  /** SERVE_EXITED with the server's last words, DISK_LIMIT or PROCESS_LIMIT, where it has ended; undefined while it runs. */
  exitFailure(): Promise<ApplicationFailure | undefined>;
}

/** `rootBytes`: what a server whose root is writable may write into it. */
export type ServerBounds = Partial<ContainerLimits & { rootBytes: number }>;

type ServingDependencies = Pick<Dependencies, 'docker' | 'store' | 'settings'>;

/**
 * Serves a submission while `use` runs: creates its container, which has no network, or attaches to the one of an earlier
 * attempt, opens the way to it, waits until it answers, and copies its log. Afterwards all of it is gone, unless the attempt is
 * given up without a cancellation: then the server runs on for the next attempt. `bounds` replaces single limits of the track.
 * Failures: SERVE_EXITED, ENGINE_LOST_CONTAINER, SERVE_NOT_READY, DISK_LIMIT, PROCESS_LIMIT, GPU_RUNTIME_MISSING, IMAGE_GONE, RELAY_UNAVAILABLE,
 * ENGINE_UNREACHABLE.
 */
export async function withServer<Result>(
  dependencies: ServingDependencies,
  input: ServerInput,
  context: StageContext,
  use: (server: RunningServer) => Promise<Result>,
  bounds: ServerBounds = {},
): Promise<Result> {
  const owner: Owner = { run: input.run, stage: input.stage, workflowId: context.workflowId };
  const takeDown = (): Promise<void> => takeDownServer(dependencies, owner);
  const { container, network, pids } = await startedServer(dependencies, owner, input, context, bounds).catch(async (error: unknown) => {
    if (!isLeft(context)) await takeDown();
    throw error;
  });
  const looking = new AbortController();
  const watch = watchExcess(container, { rootBytes: bounds.rootBytes ?? limits.rootBytes, pids }, looking.signal);
  const copied = copyContainerLog(container, input.log, looking.signal);
  copied.catch(() => undefined); // Awaited in the end, where a failure of `use` goes first.
  const ended = (state: ContainerState): Promise<ApplicationFailure> => exitFailure(state, input.log, copied, watch.excess());
  const endedAtStart = (state: ContainerState): Promise<ApplicationFailure> => (wasKilled(state) && !watch.excess() ? killedAtStart() : ended(state));
  let way: Way | undefined;
  try {
    const opened = await openedWay(dependencies, owner, container, network, input.port, endedAtStart);
    way = opened;
    // A network stack of its own (gVisor's) is gone with its server, without a word to who is connected.
    copied.then(() => opened.close()).catch(() => undefined); // Closed once more below, where a failure is told.
    const baseUrl = await untilReady(container, opened, input, context, endedAtStart);
    const result = await use(await runningServer(container, baseUrl, ended));
    // Whatever it answered before: one that takes more than it is given is stopped, and told so.
    if (watch.excess()) throw await ended(await stateOf(container));
    await enterServersUse(container);
    if (!isLeft(context)) await stopContainer(container, 0).then(() => copied);
    return result;
  } catch (error) {
    await enterServersUse(container).catch(() => undefined); // Why it failed is told, not what it used.
    throw error;
  } finally {
    await way?.close();
    if (!isLeft(context)) await takeDown();
    looking.abort();
    await copied.catch(() => undefined);
  }
}

/** Whether the attempt ends while the server is to run on: the worker shuts down, or another attempt takes over. */
function isLeft({ signal, cancelled }: StageContext): boolean {
  return signal.aborted && !cancelled();
}

async function startedServer(
  { docker, store, settings }: ServingDependencies,
  owner: Owner,
  input: ServerInput,
  context: StageContext,
  bounds: ServerBounds,
): Promise<{ container: Container; network: string; pids: number }> {
  const { NCPU } = (await onEngine('asking the Docker engine', () => docker.info())) as { NCPU: number };
  await ensureImage({ docker, store }, input.image);
  // gVisor's network stack is its own: nothing else can stand in its container's namespace.
  const network = settings.containerRuntime === undefined ? 'none' : await ensureIsolatedNetwork(docker, owner);
  const model = input.output === undefined ? undefined : await ensureVolume(docker, owner, 'model', input.image.id);
  const containerLimits = { ...limitsOf(input.track, NCPU), ...bounds };
  const device = await takeTracksDevice({ docker, settings }, owner, input, context);
  const layerBytes = bounds.rootBytes ?? limits.rootBytes;
  const files = await secretFiles(docker, owner, input.image.id, secretsOf({ secrets: input.secrets ?? [] }, settings));
  const plan = serverPlan(owner, input, { network, model, device, layerBytes, files }, settings, containerLimits);
  const container = await createOrAttach(docker, plan);
  if ((await stateOf(container)).status === 'created') {
    context.report({ message: 'starting the server' });
    // Before the first start and not before the creation: one that runs already has its model.
    if (model !== undefined && input.output !== undefined) {
      await fillVolume(docker, owner, model, input.image.id, tarOfTree(store, await getTree(store, input.output)));
    }
    await startOnce(docker, container, plan);
  }
  return { container, network, pids: containerLimits.pids };
}

/**
 * A second address of loopback: like one that a container has on a network, it does not reach what listens on 127.0.0.1 only.
 */
const serverAddress = '127.0.0.2';

async function openedWay(
  { docker, settings }: ServingDependencies,
  owner: Owner,
  container: Container,
  network: string,
  port: number,
  ended: (state: ContainerState) => Promise<ApplicationFailure>,
): Promise<Way> {
  const { addresses } = await stateOf(container);
  const place = network === 'none' ? { network: `container:${container.id}`, address: serverAddress } : { network, address: addresses[network] ?? '' };
  const plan = { owner, name: relayName(owner), image: ownImage(settings), network: place.network, does: { mode: 'dial', address: place.address, port } } as const;
  try {
    return await openWay(docker, plan);
  } catch (error) {
    const state = await stateOf(container);
    // Nobody can join the namespace of a container that has ended.
    throw state.status === 'exited' ? await ended(state) : error;
  }
}

/** Stops a server that takes more than it is given. */
function watchExcess(container: Container, bounds: { rootBytes: number; pids: number }, signal: AbortSignal): { excess(): Excess | undefined } {
  let found: Excess | undefined;
  untilExcess(container, bounds, signal)
    .then(async (excess) => {
      found = excess;
      if (excess) await stopContainer(container, 0);
    })
    // An engine that does not answer is told by everything else that asks it.
    .catch(() => undefined);
  return { excess: () => found };
}

async function runningServer(
  container: Container,
  baseUrl: string,
  ended: (state: ContainerState) => Promise<ApplicationFailure>,
): Promise<RunningServer> {
  return {
    baseUrl,
    startedAt: (await stateOf(container)).startedAt ?? '',
    alive: async () => (await stateOf(container)).status === 'running',
    async exitFailure() {
      const state = await stateOf(container);
      return state.status === 'running' ? undefined : ended(state);
    },
  };
}

/** By whom is not known: by somebody out here, or by itself. Who asks decides how often that is believed to be an accident. */
function wasKilled({ exitCode, oomKilled }: ContainerState): boolean {
  return exitCode === 137 && !oomKilled;
}

async function killedAtStart(): Promise<ApplicationFailure> {
  return failure('ENGINE_LOST_CONTAINER', 'the server was killed while it started (exit code 137), and not for memory');
}

/** After an exit the rest of the log is on its way; the last line is worth a short wait. */
async function exitFailure(state: ContainerState, log: StageLog, copied: Promise<void>, excess: Excess | undefined): Promise<ApplicationFailure> {
  if (excess) return failure(excess.code, `the server ${excess.reason}, and was stopped`);
  await Promise.race([copied.catch(() => undefined), sleep(limits.readyProbeMs, undefined, { ref: false })]);
  const last = log.lastLine();
  const how = state.oomKilled ? `was killed for memory (exit code ${state.exitCode})` : `ended with exit code ${state.exitCode}`;
  return failure('SERVE_EXITED', `the server ${how}${last === undefined ? '' : `; last line of its log: ${last}`}${readOnlyHint(last)}`);
}

function readOnlyHint(lastLine: string | undefined): string {
  return lastLine !== undefined && /read-only file system/i.test(lastLine) ? '; it may write below /tmp, or say `writable: true` at `serve` in reprise.yaml' : '';
}

/** The server's state is worth nothing, so it gets no grace. */
async function takeDownServer({ docker, settings }: ServingDependencies, owner: Owner): Promise<void> {
  await removeContainer(docker.getContainer(relayName(owner)));
  await removeOwned(docker, owner);
  await releaseDevices(docker, owner);
  if (settings.containerRuntime !== undefined) await removeNetwork(docker, networkName(owner));
  await removeVolume(docker, volumeName(owner.run, 'model'));
}
