import { createDocker } from '../../activities/io/docker/connection.ts';
import { stackConfig } from '../stack.ts';

/** Names of containers, networks and volumes of a run that are still in the engine. */
export async function leftInEngine(run: string): Promise<string[]> {
  const docker = createDocker((await stackConfig()).dockerSocket);
  const filters = { label: [`reprise.run=${run}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  return [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name), ...(volumes ?? []).map(({ Name }) => Name)];
}
