import { connect } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { limits } from '../../domain/index.ts';
import type { EngineBuild } from '../build/engine-build.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { relayName, type Owner } from '../io/docker/names.ts';
import { ownImage } from '../io/docker/own-image.ts';
import { openRelay } from '../io/docker/relay.ts';

export interface BuildNetwork {
  /** The engine's network mode that puts a build into it. */
  mode: string;
  /** Resolves when it is gone, by us or by itself. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Builds in a network. Where that ends meanwhile (somebody killed its container) the build is stopped, whose steps now have no way
 * out: what becomes of them is not the submission's doing. Failures: RELAY_LOST, those of `build`.
 */
export async function buildWithin(network: BuildNetwork, signal: AbortSignal, build: (signal: AbortSignal) => Promise<EngineBuild>): Promise<EngineBuild> {
  const lost = new AbortController();
  const ended = network.ended.then(() => lost.abort(failure('RELAY_LOST', 'the network of the build ended while it was needed')));
  const built = await build(AbortSignal.any([signal, lost.signal]));
  if (built.status === 'built') return built;
  // A step may end of it before we are told.
  await Promise.race([ended, sleep(limits.relayLossMs)]);
  lost.signal.throwIfAborted();
  return built;
}

/** The name of the proxy in every build and training; it is in no name server. */
export const proxyHost = 'proxy.reprise.internal';
export const proxyPort = 3_128;

/**
 * A network namespace for a run's builds in which there is loopback and nothing else: the proxy at `port` of this machine's
 * loopback answers in it as `proxyHost`, and neither this machine nor another container is reached, past no route and no
 * interface. Failures: RELAY_UNAVAILABLE, ENGINE_UNREACHABLE.
 */
export async function openBuildNetwork(docker: Docker, owner: Owner, settings: Pick<Settings, 'imageMap'>, port: number): Promise<BuildNetwork> {
  const onConnection = (inner: Duplex): void => {
    const outer = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    pipeline(inner, outer, inner, () => undefined);
  };
  const relay = await openRelay(docker, {
    owner,
    name: relayName(owner),
    image: ownImage(settings),
    network: 'none',
    hosts: [`${proxyHost}:127.0.0.1`],
    does: { mode: 'listen', address: '127.0.0.1', port: proxyPort },
    onConnection,
  });
  return { mode: `container:${relay.container.id}`, ended: relay.ended, close: relay.close };
}

/**
 * The engine's own network with its way out, for a build that is not recorded: in the namespace of a container of ours all the same,
 * so that what a killed engine leaves of it is known. Failures: RELAY_UNAVAILABLE, ENGINE_UNREACHABLE.
 */
export async function openOutwardNetwork(docker: Docker, owner: Owner, settings: Pick<Settings, 'imageMap'>): Promise<BuildNetwork> {
  const does = { mode: 'dial', address: '127.0.0.1', port: proxyPort } as const;
  const relay = await openRelay(docker, { owner, name: relayName(owner), image: ownImage(settings), network: 'default', does });
  return { mode: `container:${relay.container.id}`, ended: relay.ended, close: relay.close };
}

/** The proxies by every name under which programs look for them; the engine keeps them out of images and of its cache. */
export function proxyArguments(host: string = proxyHost, port: number = proxyPort): Record<string, string> {
  const proxy = `http://${host}:${port}`;
  // A program may start a server and ask it.
  const past = 'localhost,127.0.0.1,::1';
  return { HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy, https_proxy: proxy, NO_PROXY: past, no_proxy: past };
}
