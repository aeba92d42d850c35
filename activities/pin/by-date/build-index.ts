import type Docker from 'dockerode';
import { failure } from '../../failure.ts';
import { gatewayAddress } from '../../io/docker/networks.ts';
import type { Settings } from '../../dependencies.ts';
import { indexHost, indexInstants } from './address.ts';
import { aptDateIn, aptHosts, createAptHandler } from './apt-archives.ts';
import { startBuildProxy } from './build-proxy.ts';
import { createHttpClient, type HttpClient } from './http.ts';
import { operatorsGuard } from './operators-guard.ts';
import { condaInstantIn, createCondaHandler } from './conda-channels.ts';
import { createBuildRecorder, type BuildRecorder } from './recorder.ts';
import { createIndexHandler } from './serve-index.ts';
import { createUpstream, type Upstream } from './upstream.ts';

export interface BuildIndex {
  /** The proxy for plain HTTP that the build is given; it answers for the index. */
  proxyUrl: string;
  /** Names that it answers for: the index's, and those of apt's mirrors and conda's channels. */
  hosts: string[];
  /** Exclusive; undefined where the build takes no packages from the index. */
  before: string | undefined;
  recorder: BuildRecorder;
  close(): Promise<void>;
}

/**
 * The past for the time of one build, where its pinned Dockerfile asks for it: the package index, apt's mirrors and conda's channels. It
 * listens on loopback for builds that are recorded, else at the gateway of the engine's default network, which build containers reach and other
 * machines do not. Undefined where the build needs none. Failures: PLATFORM_ERROR, ENGINE_UNREACHABLE.
 */
export async function openBuildIndex(docker: Docker, settings: Settings, dockerfile: string): Promise<BuildIndex | undefined> {
  const before = indexInstants(dockerfile)[0];
  const aptDate = aptDateIn(dockerfile);
  const condaBefore = condaInstantIn(dockerfile);
  const channels = condaBefore === undefined ? [] : (settings.condaChannels ?? []);
  const mirrors = [...aptHosts(settings, aptDate), ...channels.map((channel) => new URL(channel).hostname)];
  if (before === undefined && mirrors.length === 0) return undefined;
  const upstream = upstreamOf(settings);
  if (before !== undefined && !upstream) throw failure('PLATFORM_ERROR', 'the pinned Dockerfile names the package index as of a date, and no index is configured (REPRISE_PIP_INDEX_URL)');
  const client = upstream?.client ?? clientOf(settings);
  const recorder = createBuildRecorder();
  // A recorded build reaches nothing but its own proxy, which asks us.
  const address = settings.recording ? '127.0.0.1' : await gatewayAddress(docker);
  const proxy = await startBuildProxy({
    address,
    ...(upstream ? { handler: createIndexHandler({ upstream, onEvent: recorder.onEvent }) } : {}),
    mirrors: { hosts: mirrors, handlers: [createAptHandler(client, settings, aptDate), createCondaHandler(client, channels, condaBefore)] },
    httpProxy: settings.httpProxy,
  }).catch((error: Error) => {
    throw failure('PLATFORM_ERROR', `listening at ${address}, by which build containers know this machine: ${error.message}; a worker in a container needs the network of its host`, { cause: error });
  });
  return {
    proxyUrl: proxy.url,
    hosts: [indexHost, ...mirrors],
    before,
    recorder,
    async close() {
      await proxy.close();
      client.close();
    },
  };
}

/** The configured index behind ours; undefined where none is configured. The caller closes its client. */
export function upstreamOf(settings: Settings): Upstream | undefined {
  const { pipIndexUrl, indexCacheDirectory } = settings;
  return pipIndexUrl === undefined ? undefined : createUpstream({ client: clientOf(settings), indexUrl: pipIndexUrl, cacheDirectory: indexCacheDirectory });
}

function clientOf(settings: Settings): HttpClient {
  const { caBundle, httpProxy, httpsProxy } = settings;
  return createHttpClient({ caBundle, httpProxy, httpsProxy, guard: operatorsGuard(settings) });
}
