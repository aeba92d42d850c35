import type Docker from 'dockerode';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { labelsOf, networkName, type Owner } from './names.ts';

/** A network without egress, made unless it is there; the host reaches its containers by address. Resolves to its name. */
export async function ensureInternalNetwork(docker: Docker, owner: Owner): Promise<string> {
  const name = networkName(owner);
  await onEngine('creating the network', () =>
    docker
      .createNetwork({ Name: name, Internal: true, CheckDuplicate: true, Labels: labelsOf(owner) })
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      }),
  );
  return name;
}

/** Harmless where it is gone. */
export async function removeNetwork(docker: Docker, name: string): Promise<void> {
  await onEngine('removing the network', () =>
    docker.getNetwork(name).remove().catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    }),
  );
}
