import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { extract, pack } from 'tar-stream';
import type { Container } from 'dockerode';
import { failure } from '../../failure.ts';
import { removeContainer } from './containers.ts';
import { isNotFound, onEngine } from './errors.ts';
import { fillerName, labelNames, labelsOf, volumeName, type Owner, type VolumePurpose } from './names.ts';

/**
 * A volume of the run, made unless it is there; resolves to its name. `image` is any that the engine has. Failures: PLATFORM_ERROR
 * where somebody else's volume has the name.
 */
export async function ensureVolume(docker: Docker, owner: Owner, purpose: VolumePurpose, image: string): Promise<string> {
  const name = volumeName(owner.run, purpose);
  let labels = await labelsOfMade(docker, owner, name);
  if (Object.keys(labels).length === 0) {
    await removeUnfinished(docker, owner, name, image);
    labels = await labelsOfMade(docker, owner, name);
  }
  if (labels[labelNames.run] === owner.run) return name;
  throw failure('PLATFORM_ERROR', `the volume name ${name} is taken by a volume that is not of this run`);
}

/** The engine gives out an existing volume as if it had made it: only its labels tell. */
async function labelsOfMade(docker: Docker, owner: Owner, name: string): Promise<Record<string, string>> {
  await onEngine('creating the volume', () => docker.createVolume({ Name: name, Labels: labelsOf(owner) }));
  const { Labels } = await onEngine('inspecting the volume', () => docker.getVolume(name).inspect());
  return (Labels as Record<string, string> | null) ?? {};
}

/** An engine that is killed while it makes a volume comes back with one that has no labels, and nothing in it; one with files stays. */
async function removeUnfinished(docker: Docker, owner: Owner, name: string, image: string): Promise<void> {
  if (await withFiller(docker, owner, name, image, (filler) => isEmpty(filler, fillDirectory))) await removeVolume(docker, name);
}

/** Whether a mounted directory of a container has nothing in it. */
export async function isEmpty(container: Container, directory: string): Promise<boolean> {
  const archive: Readable = await archiveOf(container, directory);
  const tar = extract();
  const reading = pipeline(archive, tar as unknown as Writable);
  reading.catch(() => undefined); // It is ended early where there is something.
  for await (const entry of tar) {
    entry.resume();
    if (!/^\.?\/?$/.test(entry.header.name)) return false;
  }
  return true;
}

/**
 * Unpacks a tar at the root of a volume, through a container that is created and never started: nothing of the submission runs,
 * and the engine needs no directory of the host. Repeating it writes the same files again.
 */
export async function fillVolume(docker: Docker, owner: Owner, volume: string, image: string, tar: Readable): Promise<void> {
  await withFiller(docker, owner, volume, image, (filler) => onEngine('filling a volume', () => filler.putArchive(tar, { path: fillDirectory })));
}

const fillDirectory = '/fill';

async function withFiller<Result>(docker: Docker, owner: Owner, volume: string, image: string, use: (filler: Container) => Promise<Result>): Promise<Result> {
  const name = fillerName(owner);
  await removeContainer(docker.getContainer(name));
  const filler = await onEngine('creating the container that fills a volume', () =>
    docker.createContainer({
      name,
      Image: image,
      Cmd: ['-'],
      Labels: labelsOf(owner),
      HostConfig: { NetworkMode: 'none', Binds: [`${volume}:${fillDirectory}:rw,nocopy`] },
    }),
  );
  try {
    return await use(filler);
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
