import { asyncLocalStorage } from '@temporalio/activity';
import type Docker from 'dockerode';
import type { Activities } from '../workflows/contract.ts';
import type { Dependencies } from './dependencies.ts';
import { heartbeatEveryMs } from './heartbeat.ts';
import { removeSteps } from './io/docker/build-steps.ts';
import { removeContainer } from './io/docker/containers.ts';
import { releaseDevices } from './io/docker/device-lease.ts';
import { onEngine } from './io/docker/errors.ts';
import { labelNames, runFilter, runPrefix } from './io/docker/names.ts';
import { removeNetwork } from './io/docker/networks.ts';
import { removeVolume } from './io/docker/volumes.ts';
import { dropSecrets } from './secrets/files.ts';

/**
 * Removes what a run left in the engine: containers, those of its builds' steps, the devices they had, then the networks and volumes they used, and the file
 * of its secrets. Images stay: they are cached.
 */
export function createCleanUpActivities({ docker, settings }: Pick<Dependencies, 'docker' | 'settings'>): Pick<Activities, 'cleanUp'> {
  return {
    async cleanUp({ run, secrets }) {
      if (secrets && settings.secretsDirectory !== undefined) await dropSecrets(settings.secretsDirectory, secrets.handle);
      const beating = setInterval(() => asyncLocalStorage.getStore()?.heartbeat(), heartbeatEveryMs);
      try {
        await removeAllOf(docker, run);
      } finally {
        clearInterval(beating);
      }
    },
  };
}

/** By label and by name: an image of another submission may claim the label, on what its build leaves. */
async function removeAllOf(docker: Docker, run: string): Promise<void> {
  const prefix = runPrefix(run);
  const containers = await containersOf(docker, run, prefix);
  await removeSteps(docker, containers);
  for (const id of containers) await removeContainer(docker.getContainer(id));
  await releaseDevices(docker, { run });
  for (const id of await networksOf(docker, run, prefix)) await removeNetwork(docker, id);
  for (const name of await volumesOf(docker, run, prefix)) await removeVolume(docker, name);
}

async function containersOf(docker: Docker, run: string, prefix: string): Promise<string[]> {
  const all = await onEngine('listing containers', () => docker.listContainers({ all: true, filters: runFilter(run) }));
  return all.filter(({ Names }) => Names.some((name) => name.startsWith(`/${prefix}`))).map(({ Id }) => Id);
}

async function networksOf(docker: Docker, run: string, prefix: string): Promise<string[]> {
  const all = await onEngine('listing networks', () => docker.listNetworks({ filters: runFilter(run) }));
  return all.filter(({ Name }) => Name.startsWith(prefix)).map(({ Id }) => Id);
}

/** Also what an engine that was killed only half made; it has our name for it alone. */
async function volumesOf(docker: Docker, run: string, prefix: string): Promise<string[]> {
  const { Volumes } = await onEngine('listing volumes', () => docker.listVolumes({ filters: { name: [prefix] } }));
  return (Volumes ?? []).flatMap(({ Name, Labels }) => {
    const labels = (Labels as Record<string, string> | null) ?? {};
    return Name.startsWith(prefix) && (Object.keys(labels).length === 0 || labels[labelNames.run] === run) ? [Name] : [];
  });
}
