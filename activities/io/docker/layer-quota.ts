import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import type { HostConfig } from 'dockerode';
import { onEngine } from './errors.ts';
import { imageSize } from './images.ts';
import { labelsOf, quotaName, type Owner } from './names.ts';

const known = new WeakMap<Docker, Promise<boolean>>();

/**
 * Whether the engine's storage driver bounds what a container writes into its own layer (overlay2 on XFS with project quotas, btrfs,
 * ZFS). It does not say, so it is tried, once a process: with a container that is never started, which the
 * owner's clean-up removes where this process is killed. Failures: ENGINE_UNREACHABLE, IMAGE_GONE.
 */
export function boundsLayers(docker: Docker, image: string, owner?: Owner): Promise<boolean> {
  const asked = known.get(docker) ?? tryIt(docker, image, owner);
  known.set(docker, asked);
  asked.catch(() => known.delete(docker)); // Whoever asked is told.
  return asked;
}

async function tryIt(docker: Docker, image: string, owner?: Owner): Promise<boolean> {
  const name = `${owner ? quotaName(owner) : 'reprise-quota'}-${randomUUID()}`;
  const options = { name, ...(owner ? { Labels: labelsOf(owner) } : {}), Image: image, Cmd: ['-'], HostConfig: { NetworkMode: 'none', StorageOpt: { size: '1G' } } };
  try {
    const container = await docker.createContainer(options);
    await container.remove({ force: true });
    return true;
  } catch (error) {
    if (/storage-opt|quota/i.test(String(error))) return false;
    return onEngine('asking whether the engine bounds layers', () => Promise.reject(error));
  }
}

/**
 * What holds a container to its layer's bytes and a tenth more, before which it is told; nothing where the engine cannot. Some drivers
 * (btrfs, ZFS) count the image as well.
 */
export async function layerQuota(docker: Docker, image: string, layerBytes: number | undefined, owner?: Owner): Promise<Pick<HostConfig, 'StorageOpt'>> {
  if (layerBytes === undefined || !(await boundsLayers(docker, image, owner))) return {};
  return { StorageOpt: { size: String(Math.ceil(layerBytes * 1.1) + (await imageSize(docker, image))) } };
}
