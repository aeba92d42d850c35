import { limits, type Submission } from '../../domain/index.ts';
import type { PinResult } from '../../workflows/contract.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { addedFiles } from './context.ts';
import { secretArguments } from './secret-steps.ts';

export interface PlannedBuild {
  role: 'serve' | 'train';
  /** The submission's own, by which people know it. */
  dockerfile: string;
  context: string;
  /** SHA-256 of the pinned Dockerfile that is built. */
  pinned: string;
}

/** One build for each image of the submission, with the Dockerfile that pin made of its own. Failures: PLATFORM_ERROR. */
export function plannedBuilds(submission: Submission, pin: Pick<PinResult, 'dockerfiles'>): PlannedBuild[] {
  return submission.images.map(({ role, dockerfile, context }) => {
    const pinned = pin.dockerfiles.find((each) => each.role === role);
    if (!pinned) throw failure('PLATFORM_ERROR', `no pinned Dockerfile for ${dockerfile} (${role})`);
    return { role, dockerfile, context, pinned: pinned.artifact.sha256 };
  });
}

/**
 * What decides the images. Left out: the proxies, whose arguments the engine keeps out of images, what only bounds a build, and
 * the values of secrets: a token is a right to fetch, and is renewed.
 */
export function buildInputs({ snapshot, secrets }: Submission, builds: PlannedBuild[], caBundleSha256: string | undefined): unknown {
  return { snapshot, builds, caBundle: caBundleSha256 ?? null, ...(secrets.length === 0 ? {} : { secrets }) };
}

export interface EngineBuildOptions {
  version: '1';
  dockerfile: string;
  memory: number;
  memswap: number;
  shmsize: number;
  buildargs: Record<string, string>;
  networkmode?: string;
  forcerm: true;
  nocache: boolean;
}

/**
 * Options of the classic builder: the one that takes any network (a recording proxy's, later), which BuildKit of engine 20.10
 * does not. No labels: they would change the image's id from run to run. Each build stands in the network of a container of ours, by
 * which its steps are known.
 */
export function engineBuildOptions(
  settings: Pick<Settings, 'httpProxy' | 'httpsProxy'>,
  { fresh, secrets, indexProxyUrl }: { fresh: boolean; secrets: Record<string, string>; indexProxyUrl?: string | undefined },
): EngineBuildOptions {
  const proxies = indexProxyUrl === undefined ? proxyArguments(settings) : { ...proxyArguments({ ...settings, httpProxy: indexProxyUrl }), ...notProxied };
  return {
    version: '1',
    dockerfile: addedFiles.dockerfile,
    memory: limits.buildMemoryBytes,
    memswap: limits.buildMemoryBytes,
    shmsize: limits.shmBytes,
    buildargs: { ...proxies, ...secretArguments(secrets) },
    forcerm: true,
    nocache: fresh,
  };
}

/** A step may start a server and ask it. */
const notProxied = { NO_PROXY: 'localhost,127.0.0.1,::1', no_proxy: 'localhost,127.0.0.1,::1' };

function proxyArguments({ httpProxy, httpsProxy }: Pick<Settings, 'httpProxy' | 'httpsProxy'>): Record<string, string> {
  const named = { HTTP_PROXY: httpProxy, http_proxy: httpProxy, HTTPS_PROXY: httpsProxy, https_proxy: httpsProxy };
  return Object.fromEntries(Object.entries(named).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
