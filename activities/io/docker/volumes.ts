import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import type { Container } from 'dockerode';
import { failure } from '../../failure.ts';
import { removeContainer } from './containers.ts';
import { isNotFound, onEngine } from './errors.ts';
import { fillerName, labelNames, labelsOf, volumeName, type Owner, type VolumePurpose } from './names.ts';

/** A volume of the run, made unless it is there. Resolves to its name. */
export async function ensureVolume(docker: Docker, owner: Owner, purpose: VolumePurpose): Promise<string> {
  const name = volumeName(owner.run, purpose);
  await onEngine('creating the volume', () => docker.createVolume({ Name: name, Labels: labelsOf(owner) }));
  // The engine gives out an existing volume as if it had made it.
  const { Labels } = await onEngine('inspecting the volume', () => docker.getVolume(name).inspect());
  if ((Labels as Record<string, string> | null)?.[labelNames.run] === owner.run) return name;
  throw failure('PLATFORM_ERROR', `the volume name ${name} is taken by a volume that is not of this run`);
}

/**
 * Unpacks a tar at the root of a volume, through a container that is created and never started: nothing of the submission runs,
 * and the engine needs no directory of the host. Repeating it writes the same files again.
 */
export async function fillVolume(docker: Docker, owner: Owner, volume: string, image: string, tar: Readable): Promise<void> {
  const name = fillerName(owner);
  await removeContainer(docker.getContainer(name));
  const filler = await onEngine('creating the container that fills a volume', () =>
    docker.createContainer({
      name,
      Image: image,
      Cmd: ['-'],
      Labels: labelsOf(owner),
      HostConfig: { NetworkMode: 'none', Binds: [`${volume}:/fill:rw,nocopy`] },
    }),
  );
  try {
    await onEngine('filling a volume', () => filler.putArchive(tar, { path: '/fill' }));
  } finally {
    await removeContainer(filler);
  }
}

/** Opens mounted directories to every user: an image may run its command as any. For a container that is not started yet. */
export async function openDirectories(container: Container, paths: string[]): Promise<void> {
  const tar = pack();
  for (const path of paths) tar.entry({ name: `${path.replace(/^\//, '')}/`, type: 'directory', mode: 0o777 });
  tar.finalize();
  await onEngine('preparing the output directory', () => container.putArchive(tar as unknown as Readable, { path: '/' }));
}

/** A directory of a container, running or not, as a tar whose paths are relative to it. */
export async function archiveOf(container: Container, directory: string): Promise<Readable> {
  const stream = await onEngine(`reading ${directory}`, () => container.getArchive({ path: `${directory}/.` }));
  return stream as Readable;
}

/** Harmless where it is gone. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await onEngine('removing the volume', () =>
    docker.getVolume(name).remove().catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    }),
  );
}
