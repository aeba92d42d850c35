import { isIPv4 } from 'node:net';
import type Docker from 'dockerode';
import { failure } from '../../failure.ts';
import { onEngine } from '../../io/docker/errors.ts';
import type { Settings } from '../../dependencies.ts';
import { indexInstants } from './address.ts';
import { startBuildProxy } from './build-proxy.ts';
import { createHttpClient } from './http.ts';
import { createBuildRecorder, type BuildRecorder } from './recorder.ts';
import { createIndexHandler } from './serve-index.ts';
import { createUpstream, type Upstream } from './upstream.ts';

export interface BuildIndex {
  /** The proxy for plain HTTP that the build is given; it answers for the index. */
  proxyUrl: string;
  /** Exclusive. */
  before: string;
  recorder: BuildRecorder;
  close(): Promise<void>;
}

/**
 * The package index for the time of one build, where its pinned Dockerfile names it: it listens at the gateway of the engine's
 * default network, which build containers reach and other machines do not. Undefined where the build needs none.
 * Failures: PLATFORM_ERROR, ENGINE_UNREACHABLE.
 */
export async function openBuildIndex(docker: Docker, settings: Settings, dockerfile: string): Promise<BuildIndex | undefined> {
  const before = indexInstants(dockerfile)[0];
  if (before === undefined) return undefined;
  const upstream = upstreamOf(settings);
  if (!upstream) throw failure('PLATFORM_ERROR', 'the pinned Dockerfile names the package index as of a date, and no index is configured (REPRISE_PIP_INDEX_URL)');
  const recorder = createBuildRecorder();
  const address = await gatewayOf(docker);
  const handler = createIndexHandler({ upstream, onEvent: recorder.onEvent });
  const proxy = await startBuildProxy({ address, handler, httpProxy: settings.httpProxy }).catch((error: Error) => {
    throw failure('PLATFORM_ERROR', `listening at ${address}, by which build containers know this machine: ${error.message}; a worker in a container needs the network of its host`, { cause: error });
  });
  return {
    proxyUrl: proxy.url,
    before,
    recorder,
    async close() {
      await proxy.close();
      upstream.client.close();
    },
  };
}

/** The configured index behind ours; undefined where none is configured. The caller closes its client. */
export function upstreamOf({ caBundle, httpProxy, httpsProxy, pipIndexUrl, indexCacheDirectory }: Pick<Settings, 'caBundle' | 'httpProxy' | 'httpsProxy' | 'pipIndexUrl' | 'indexCacheDirectory'>): Upstream | undefined {
  if (pipIndexUrl === undefined) return undefined;
  return createUpstream({ client: createHttpClient({ caBundle, httpProxy, httpsProxy }), indexUrl: pipIndexUrl, cacheDirectory: indexCacheDirectory });
}

interface NetworkDescription {
  IPAM?: { Config?: { Gateway?: string; Subnet?: string }[] };
}

/**
 * Not every engine names the gateway of its default network; then it is the first address of the subnet. The machine's own list
 * of interfaces is no help: it leaves out a bridge to which no container is connected yet.
 */
async function gatewayOf(docker: Docker): Promise<string> {
  const network = await onEngine('looking at the default network', () => docker.getNetwork('bridge').inspect() as Promise<NetworkDescription>);
  const addresses = (network.IPAM?.Config ?? []).map(({ Gateway, Subnet }) => Gateway ?? Subnet?.replace(/\.\d+\/\d+$/, '.1'));
  const address = addresses.find((each) => each !== undefined && isIPv4(each));
  if (address === undefined) throw failure('PLATFORM_ERROR', 'the default network of the engine has no gateway address');
  return address;
}
