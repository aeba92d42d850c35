import type Docker from 'dockerode';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { labelsOf, networkName, type Owner } from './names.ts';

/**
 * A network without egress, made unless it is there; this machine is its gateway, so what listens here on 0.0.0.0 is reached from
 * it. Resolves to its name.
 */
export async function ensureInternalNetwork(docker: Docker, owner: Owner): Promise<string> {
  return ensureNetwork(docker, owner, {});
}

/**
 * A network without egress of which this machine is no part: its bridge has no address, so nothing of the host answers on it. For
 * runtimes whose containers cannot share a network namespace with a relay (gVisor); others need no network at all.
 */
export async function ensureIsolatedNetwork(docker: Docker, owner: Owner): Promise<string> {
  return ensureNetwork(docker, owner, { 'com.docker.network.bridge.inhibit_ipv4': 'true' });
}

/** Harmless where it is gone. */
export async function removeNetwork(docker: Docker, name: string): Promise<void> {
  await onEngine('removing the network', () =>
    docker.getNetwork(name).remove().catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    }),
  );
}

async function ensureNetwork(docker: Docker, owner: Owner, options: Record<string, string>): Promise<string> {
  const name = networkName(owner);
  await onEngine('creating the network', () =>
    docker
      .createNetwork({ Name: name, Internal: true, CheckDuplicate: true, Options: options, Labels: labelsOf(owner) })
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      }),
  );
  return name;
}
