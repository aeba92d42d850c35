import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { removeContainer } from './containers.ts';
import { onEngine, unlessGone } from './errors.ts';

/**
 * Removes the containers of build steps that stand in the network of one of these containers: an engine that is killed while it
 * builds leaves them, under names of its own and without a word of whose they are. Failures: ENGINE_UNREACHABLE.
 */
export async function removeSteps(docker: Docker, hosts: readonly string[]): Promise<void> {
  const modes = new Set(hosts.map((id) => `container:${id}`));
  const all = await onEngine('looking for what builds left', () => docker.listContainers({ all: true }));
  for (const { Id, HostConfig } of all) {
    const container = docker.getContainer(Id);
    if (modes.has(HostConfig.NetworkMode) && (await isStep(container))) await removeContainer(container);
  }
}

/** Removes a container after the steps in its network, so that as long as there are steps it is there to know them by. Harmless where it is gone. */
export async function removeWithSteps(docker: Docker, container: Container): Promise<void> {
  const found = await onEngine('looking for the container', () => container.inspect().catch(unlessGone));
  if (!found) return;
  await removeSteps(docker, [found.Id]);
  await removeContainer(docker.getContainer(found.Id));
}

/** The builder keeps no log of what it runs. Whoever looks into a network with a container of his own does, and ours have a name. */
async function isStep(container: Container): Promise<boolean> {
  const found = await onEngine('looking at a container', () => container.inspect().catch(unlessGone));
  return found?.HostConfig.LogConfig?.Type === 'none' && !found.Name.startsWith('/reprise-');
}
