import type Docker from 'dockerode';
import type { Container } from 'dockerode';

/**
 * Starts a container. An engine whose containerd was killed while it removed the one before it keeps that one's place in the network,
 * under the name that both bear, and refuses to start another for ever: the place is given back first. Throws what the engine answers.
 */
export async function startContainer(docker: Docker, container: Container): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    const [, name, network] = /endpoint with name (reprise-\S+) already exists in network (\S+)/.exec(String(error)) ?? [];
    if (name === undefined || network === undefined) throw error;
    await docker.getNetwork(network).disconnect({ Container: name, Force: true });
    await container.start();
  }
}
