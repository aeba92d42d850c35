import type Docker from 'dockerode';
import type { Container, ContainerCreateOptions, HostConfig } from 'dockerode';
import { limits } from '../../domain/index.ts';
import type { Dependencies, Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { startAgain, stateOf, stopContainer } from '../io/docker/containers.ts';
import { isConflict, isNotFound, onEngine } from '../io/docker/errors.ts';
import { doorName, gateName, labelsOf, volumeName, type Owner } from '../io/docker/names.ts';
import { ensureIsolatedNetwork } from '../io/docker/networks.ts';
import { ownImage } from '../io/docker/own-image.ts';
import { ensureVolume } from '../io/docker/volumes.ts';
import { ownSubnets } from '../record/addresses.ts';
import { proxyArguments, proxyHost, proxyPort } from '../record/network.ts';
import { networkProgram } from './network-program.ts';

/** How a training's container is connected. */
export interface Connection {
  /** The engine's network mode. */
  mode: string;
  /** Where the training finds its proxy. */
  env: Record<string, string>;
}

type World = Pick<Dependencies, 'docker' | 'settings'>;

export const noConnection: Connection = { mode: 'none', env: {} };

const socketDirectory = '/gate';
const socketPath = `${socketDirectory}/socket`;

/**
 * Addresses that are not the internet's (IANA's special-purpose registries): this machine's neighbours, other containers, and
 * where clouds answer for a machine's own secrets.
 */
const notPublic = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
  // Of IPv6 only 2000::/3 is given out; within it Teredo and 6to4 stand for IPv4 addresses.
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/32',
  '2002::/16',
];

/**
 * Opens the one way out of a training, which lasts as long as the run and needs no worker: a gate, a container of the platform's
 * own that goes out and prints what it was asked for, and a door, whose network namespace the training joins. In that there is
 * loopback and nothing else, and the door passes on what comes to its port to the gate's Unix socket. So the training reaches
 * neither this machine nor another container, past no route and no interface. The engine starts both again where they end.
 * Under a runtime with a network stack of its own (gVisor) no namespace can be joined: there the gate stands on a network without
 * this machine. Failures: RELAY_UNAVAILABLE, ENGINE_UNREACHABLE.
 */
export async function openConnection({ docker, settings }: World, owner: Owner): Promise<Connection> {
  if (settings.containerRuntime !== undefined) return isolatedConnection(docker, owner, settings);
  const volume = await ensureVolume(docker, owner, 'gate', ownImage(settings));
  await ensureRuns(docker, gateOptions(owner, settings, socketPath, { ...ownHostConfig('bridge'), Binds: [`${volume}:${socketDirectory}:rw,nocopy`] }));
  const door = await ensureRuns(docker, doorOptions(owner, settings, doorName(owner), 'none'));
  return { mode: `container:${door.id}`, env: proxyArguments() };
}

/** Ends what the training has no use for any more; a later life of it opens the same again. */
export async function closeConnection({ docker }: Pick<World, 'docker'>, owner: Owner): Promise<void> {
  for (const name of [doorName(owner, 'spare'), doorName(owner), gateName(owner)]) await stopContainer(docker.getContainer(name), limits.stopGraceMs);
}

/**
 * Has gate and door of a running training run, also where somebody ended them. A door that was started again has a new network
 * namespace, and the training is still in the old: then another door is opened in that. Failures: ENGINE_UNREACHABLE.
 */
export async function attendConnection({ docker, settings }: World, owner: Owner, training: Container): Promise<void> {
  const life = await stateOf(training);
  if (life.status !== 'running') return;
  const gate = await found(docker, gateName(owner));
  const door = await found(docker, doorName(owner));
  for (const present of [gate, door]) if (present && (await stateOf(present)).status === 'exited') await startAgain(docker, present, { whenRefused: 'TRAIN_EXIT' });
  if (!door || Date.parse((await stateOf(door)).startedAt ?? '') <= Date.parse(life.startedAt ?? '')) return;
  await ensureRuns(docker, doorOptions(owner, settings, doorName(owner, 'spare'), `container:${life.id}`));
}

/** Undefined for a training that has no gate. */
export async function gateOf(docker: Docker, owner: Owner): Promise<Container | undefined> {
  return found(docker, gateName(owner));
}

async function isolatedConnection(docker: Docker, owner: Owner, settings: Settings): Promise<Connection> {
  const network = await ensureIsolatedNetwork(docker, owner);
  const options = gateOptions(owner, settings, String(proxyPort), ownHostConfig(network));
  const gate = await ensureRuns(docker, options, ({ id }) => onEngine('connecting the gate', () => docker.getNetwork('bridge').connect({ Container: id }).catch(unlessConnected)));
  const { addresses } = await stateOf(gate);
  return { mode: network, env: proxyArguments(addresses[network]) };
}

function gateOptions(owner: Owner, settings: Settings, place: string, hostConfig: HostConfig): ContainerCreateOptions {
  const { trainingReachable = [], httpProxy, httpsProxy } = settings;
  const env = { OPEN: trainingReachable.join(' '), CLOSED: [...notPublic, ...ownSubnets()].join(' '), HTTP_UPSTREAM: upstreamOf(httpProxy), HTTPS_UPSTREAM: upstreamOf(httpsProxy) };
  return {
    ...ownOptions(owner, settings, ['gate', place]),
    name: gateName(owner),
    // Its volume is root's; it has no capabilities.
    User: '0:0',
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    HostConfig: hostConfig,
  };
}

function doorOptions(owner: Owner, settings: Settings, name: string, network: string): ContainerCreateOptions {
  const own = network === 'none';
  return {
    ...ownOptions(owner, settings, ['door', String(proxyPort), socketPath]),
    name,
    // Whoever joins a namespace has its names.
    ...(own ? { Hostname: 'reprise' } : {}),
    HostConfig: { ...ownHostConfig(network), ...(own ? { ExtraHosts: [`${proxyHost}:127.0.0.1`] } : {}), Binds: [`${volumeName(owner.run, 'gate')}:${socketDirectory}:ro,nocopy`] },
  };
}

function ownOptions(owner: Owner, settings: Settings, args: string[]): ContainerCreateOptions {
  return { Image: ownImage(settings), Entrypoint: ['perl', '-e', networkProgram], Cmd: args, User: '65534:65534', WorkingDir: '/', Labels: labelsOf(owner) };
}

const MiB = 1024 ** 2;

function ownHostConfig(network: string): HostConfig {
  return {
    NetworkMode: network,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    // A process for each of at most 256 connections.
    Memory: 1_024 * MiB,
    MemorySwap: 1_024 * MiB,
    PidsLimit: 300,
    RestartPolicy: { Name: 'unless-stopped' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': String(limits.engineLogBytes), 'max-file': '2' } },
  };
}

/** `host:port`, and what proves who asks, as a header has it. */
function upstreamOf(proxy: string | undefined): string {
  if (proxy === undefined) return '';
  const { hostname, port, username, password } = new URL(proxy);
  const credentials = username === '' ? '' : ` ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  return `${hostname}:${port || 80}${credentials}`;
}

/** A container of the platform's own that runs: the one that is there, or a new one; `prepare` has it before its first start. */
async function ensureRuns(docker: Docker, options: ContainerCreateOptions, prepare: (container: Container) => Promise<void> = async () => undefined): Promise<Container> {
  for (;;) {
    const present = await found(docker, options.name ?? '');
    const container = present ?? (await created(docker, options));
    if (!container) continue; // Another attempt was faster; look at what it made.
    const { status } = await stateOf(container);
    if (status === 'running') return container;
    if (status === 'created') await prepare(container);
    await startAgain(docker, container, { whenRefused: 'TRAIN_EXIT' });
    return container;
  }
}

async function created(docker: Docker, options: ContainerCreateOptions): Promise<Container | undefined> {
  try {
    return await docker.createContainer(options);
  } catch (error) {
    if (isConflict(error)) return undefined;
    if (isNotFound(error)) throw failure('RELAY_UNAVAILABLE', `the engine has no image ${options.Image}, in which the network of trainings runs`, { cause: error });
    return onEngine('creating a container of a training’s network', () => Promise.reject(error));
  }
}

/** The engine's 403: it is connected already. */
function unlessConnected(error: { statusCode?: number }): void {
  if (error.statusCode !== 403) throw error;
}

async function found(docker: Docker, name: string): Promise<Container | undefined> {
  return onEngine('looking for a container of a training’s network', () =>
    docker.getContainer(name).inspect().then(
      ({ Id }) => docker.getContainer(Id),
      (error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      },
    ),
  );
}
