import type { Finding } from '../summary.ts';
import type { World } from '../world.ts';

/** Nothing of a run is left in the engine: it is alone in its world. */
export async function checkEngine({ docker }: World, findings: Finding[]): Promise<void> {
  for (const { Names, Status } of await docker.listContainers({ all: true })) findings.push({ kind: 'left', of: Names.join(' '), message: `a container, ${Status}` });
  const networks = await docker.listNetworks();
  for (const { Name } of networks.filter(({ Name: name }) => !['bridge', 'host', 'none'].includes(name))) findings.push({ kind: 'left', of: Name, message: 'a network' });
  for (const { Name } of (await docker.listVolumes()).Volumes ?? []) findings.push({ kind: 'left', of: Name, message: 'a volume' });
}
