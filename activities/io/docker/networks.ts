import { isIPv4 } from 'node:net';
import type Docker from 'dockerode';
import { failure } from '../../failure.ts';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { labelsOf, networkName, type Owner } from './names.ts';

/**
 * A network without egress of which this machine is no part: its bridge has no address, so nothing of the host answers on it. For
 * runtimes whose containers cannot share a network namespace with a relay (gVisor); others need no network at all.
 */
export async function ensureIsolatedNetwork(docker: Docker, owner: Owner): Promise<string> {
  const name = networkName(owner);
  const Options = { 'com.docker.network.bridge.inhibit_ipv4': 'true' };
  await onEngine('creating the network', () =>
    docker
      .createNetwork({ Name: name, Internal: true, CheckDuplicate: true, Options, Labels: labelsOf(owner) })
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      }),
  );
  return name;
}

/** Harmless where it is gone. What an engine that was killed kept in it of containers that are gone does not hold it. */
export async function removeNetwork(docker: Docker, name: string): Promise<void> {
  const network = docker.getNetwork(name);
  await onEngine('removing the network', async () => {
    try {
      await network.remove();
    } catch (error) {
      if (isNotFound(error)) return;
      if (!/active endpoints/.test(String(error))) throw error;
      const { Containers } = (await network.inspect()) as { Containers?: Record<string, { Name: string }> };
      for (const each of Object.values(Containers ?? {})) await network.disconnect({ Container: each.Name, Force: true });
      await network.remove();
    }
  });
}

interface NetworkDescription {
  IPAM?: { Config?: { Gateway?: string; Subnet?: string }[] };
}

/**
 * The address by which containers of the engine's default network know this machine. Not every engine names it; then it is the
 * first of the subnet. The machine's own list of interfaces is no help: it leaves out a bridge to which no container is connected
 * yet. Failures: PLATFORM_ERROR, ENGINE_UNREACHABLE.
 */
export async function gatewayAddress(docker: Docker): Promise<string> {
  const network = await onEngine('looking at the default network', () => docker.getNetwork('bridge').inspect() as Promise<NetworkDescription>);
  const addresses = (network.IPAM?.Config ?? []).map(({ Gateway, Subnet }) => Gateway ?? Subnet?.replace(/\.\d+\/\d+$/, '.1'));
  const address = addresses.find((each) => each !== undefined && isIPv4(each));
  if (address === undefined) throw failure('PLATFORM_ERROR', 'the default network of the engine has no gateway address');
  return address;
}
