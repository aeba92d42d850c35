import { createServer, type AddressInfo } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { failure } from '../../failure.ts';
import { removeWithSteps } from './build-steps.ts';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { labelsOf, type Owner } from './names.ts';
import { multiplex } from './relay-frames.ts';
import { relayProgram } from './relay-program.ts';
import { startContainer } from './start-container.ts';

export interface RelayPlan {
  owner: Owner;
  name: string;
  /** An image of the platform's own, with Perl; never a submission's. */
  image: string;
  /** `container:<id>`: the network of that container; `none`: one of the relay's own, which others may then join; or a network's name. */
  network: string;
  /** What it connects to, or where it lets itself be connected to. */
  does: { mode: 'dial' | 'listen'; address: string; port: number };
  onConnection?: (connection: Duplex) => void;
  /** Names of its own network namespace, as `name:address`; whoever joins it knows them too. */
  hosts?: string[];
}

export interface Relay {
  container: Container;
  connect(): Duplex;
  /** Resolves when it has ended, by us or by itself. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * A way between this process and a container that has no network: the platform's own container stands in its network namespace,
 * and the engine's stream to that carries the bytes. So what is served or built needs neither a bridge nor an address, and
 * reaches neither this machine nor another container; and the engine may be anywhere. A relay ends with its worker, and stays until
 * the next one of its name or the run's clean-up: by its id what a killed engine left of a build is known.
 * Failures: RELAY_UNAVAILABLE where its image is not there or has no Perl, RELAY_LOST where somebody ends it first, ENGINE_UNREACHABLE.
 */
export async function openRelay(docker: Docker, plan: RelayPlan): Promise<Relay> {
  const container = await createdRelay(docker, plan);
  try {
    const stream = await onEngine('attaching to the relay', () => container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: false }));
    const multiplexer = multiplex(stream as unknown as Duplex, plan.onConnection);
    await onEngine('starting the relay', () => startContainer(docker, container).catch((error: unknown) => Promise.reject(withoutPerl(error, plan))));
    await multiplexer.ready.catch(async (error: Error) => Promise.reject(await whyNotReady(container, error)));
    return {
      container,
      connect: multiplexer.connect,
      ended: multiplexer.ended,
      async close() {
        (stream as unknown as Duplex).destroy();
        await removeWithSteps(docker, container);
      },
    };
  } catch (error) {
    await removeWithSteps(docker, container);
    throw error;
  }
}

/** One of an earlier attempt goes first; somebody may still be removing it. */
async function createdRelay(docker: Docker, plan: RelayPlan): Promise<Container> {
  for (let tries = 1; ; tries += 1) {
    await removeWithSteps(docker, docker.getContainer(plan.name));
    try {
      return await docker.createContainer(optionsOf(plan));
    } catch (error) {
      if (isNotFound(error)) throw failure('RELAY_UNAVAILABLE', `the engine has no image ${plan.image}, which relays run in`);
      if (!isConflict(error) || tries === mostTries) return onEngine('creating the relay', () => Promise.reject(error));
      await sleep(removalPauseMs);
    }
  }
}

/** The engine takes less than a second to remove a container that ended. */
const mostTries = 20;
const removalPauseMs = 200;

/** Listens on this machine's loopback and passes each connection on to what `connect` opens. */
export async function listenFor(connect: () => Duplex): Promise<{ port: number; close(): void }> {
  const open = new Set<Duplex>();
  const server = createServer({ allowHalfOpen: true }, (local) => {
    const far = connect();
    for (const end of [local, far]) {
      open.add(end);
      end.once('close', () => open.delete(end));
    }
    pipeline(local, far, local, () => undefined);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const end of open) end.destroy();
    },
  };
}

const MiB = 1024 ** 2;

function optionsOf({ owner, name, image, network, does, hosts }: RelayPlan): Docker.ContainerCreateOptions {
  return {
    name,
    Image: image,
    Entrypoint: ['perl', '-e', relayProgram, does.mode, does.address, String(does.port)],
    Cmd: [],
    User: '65534:65534',
    Labels: labelsOf(owner),
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    HostConfig: {
      NetworkMode: network,
      ...(hosts ? { ExtraHosts: hosts } : {}),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      // Room for what is under way on all connections that it holds.
      Memory: 512 * MiB,
      MemorySwap: 512 * MiB,
      PidsLimit: 16,
      // Its output is the connections' bytes.
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}

function withoutPerl(error: unknown, { image }: RelayPlan): unknown {
  if (!/executable file not found|no such file or directory/.test(String(error))) return error;
  return failure('RELAY_UNAVAILABLE', `the image ${image}, which relays run in, has no Perl`, { cause: error as Error });
}

async function whyNotReady(container: Container, cause: Error): Promise<Error> {
  const { State } = await onEngine('asking after the relay', () => container.inspect());
  return failure('RELAY_LOST', `${cause.message}, with exit code ${State.ExitCode}`, { cause });
}
