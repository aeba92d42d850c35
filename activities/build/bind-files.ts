import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { extract, pack, type Pack } from 'tar-stream';
import { subtree, treeOf, type Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { removeContainer } from '../io/docker/containers.ts';
import { engineFailure, isNotFound, onEngine } from '../io/docker/errors.ts';
import { labelsOf, type Owner } from '../io/docker/names.ts';
import type { ObjectStore } from '../io/store.ts';
import { tarOfTree } from '../io/trees.ts';
import { entryAt } from '../io/tree-paths.ts';
import { normalised } from '../pin/source-files.ts';
import { holdDirectory, waitingStep, type BindMount, type BoundStep, type WaitingStep } from './bind-mounts.ts';
import type { BuildObserver } from './engine-build.ts';

interface Sources {
  docker: Docker;
  /** Of the build. */
  owner: Owner;
  store: ObjectStore;
  /** As .dockerignore leaves it. */
  context: Tree;
}

/**
 * Brings steps their bind mounts: the classic builder mounts nothing, so that a step waits until its files are copied into its container,
 * and takes them away before its layer is kept. Failures, of `onOutput`: BUILD_COPY_MISSING, ENGINE_UNREACHABLE, STORE_CORRUPT.
 */
export function alsoBound(observer: BuildObserver, steps: readonly BoundStep[], sources: Sources): BuildObserver {
  if (steps.length === 0) return observer;
  const images = new Map<string, string>();
  const filled = new Set<string>();
  let container: string | undefined;
  let stage: string | undefined;
  return {
    ...observer,
    onStep(step) {
      stage = /^FROM\s.*\sAS (reprise-mount-\d+)$/i.exec(step.text)?.[1];
      observer.onStep(step);
    },
    async onOutput(text) {
      container = /^ ---> Running in ([0-9a-f]{12,64})\s*$/.exec(text)?.[1] ?? container;
      const image = /^ ---> ([0-9a-f]{12,64})\s*$/.exec(text)?.[1];
      if (image !== undefined && stage !== undefined) images.set(stage, image);
      await observer.onOutput(text);
      const waits = waitingStep(text);
      const step = steps.find(({ key }) => key === waits?.key);
      // Once for each container: what the command prints afterwards is its own.
      if (!waits || !step || container === undefined || filled.has(container)) return;
      filled.add(container);
      await fill(sources, sources.docker.getContainer(container), step, waits, images);
    },
  };
}

async function fill(sources: Sources, container: Docker.Container, { binds, place }: BoundStep, waits: WaitingStep, images: ReadonlyMap<string, string>): Promise<void> {
  const { Config } = await onEngine('reading the step', () => container.inspect());
  for (const [index, bind] of binds.entries()) {
    const target = posix.resolve('/', Config.WorkingDir, bind.target);
    const isThere = waits.directories[index] ?? false;
    const root = isThere ? '' : posix.basename(target);
    const files = await filesOf(sources, bind, bind.stage === undefined ? undefined : images.get(bind.stage), place);
    try {
      await onEngine('bringing a step its mounts', () => container.putArchive(moved(files, root, waits), { path: isThere ? target : posix.dirname(target) }));
    } finally {
      if (files.shownBy) await removeContainer(files.shownBy);
    }
  }
  const ready = pack();
  ready.entry({ name: 'ready', mode: 0o666 }, '');
  ready.finalize();
  await onEngine('bringing a step its mounts', () => container.putArchive(ready as unknown as Readable, { path: holdDirectory }));
}

interface Files {
  tar: Readable;
  /** The part of the names in it that is the source's own. */
  root: string;
  /** What is to be removed afterwards. */
  shownBy?: Docker.Container;
}

async function filesOf({ docker, owner, store, context }: Sources, { source }: BindMount, image: string | undefined, place: string): Promise<Files> {
  const path = normalised(source);
  if (image !== undefined) return { ...(await filesOfImage(docker, owner, image, posix.join('/', source), place)), root: posix.basename(path) };
  if (path === '') return { tar: tarOfTree(store, context), root: '' };
  const entry = entryAt(context, path);
  const below = entry?.type === 'file' ? treeOf([{ ...entry, path: posix.basename(path) }]) : subtree(context, entry?.path ?? path);
  if (below.entries.length === 0 && entry?.type !== 'directory') throw missing(place, path);
  return { tar: tarOfTree(store, below, entry?.type === 'file' ? {} : { prefix: posix.basename(path) }), root: posix.basename(path) };
}

/** A container that never starts shows what an image holds. */
async function filesOfImage(docker: Docker, owner: Owner, image: string, path: string, place: string): Promise<Omit<Files, 'root'>> {
  const shownBy = await onEngine('reading another stage', () => docker.createContainer({ Image: image, Entrypoint: ['/'], NetworkDisabled: true, Labels: labelsOf(owner) }));
  try {
    return { tar: (await shownBy.getArchive({ path })) as Readable, shownBy };
  } catch (error) {
    await removeContainer(shownBy);
    throw isNotFound(error) ? missing(place, path) : engineFailure(error, 'reading another stage');
  }
}

function missing(place: string, path: string): Error {
  return failure('BUILD_COPY_MISSING', `${place}: there is no ${path}`);
}

/** The entries with their root called `root`, '' for none, owned by the step's user, who takes them away again. */
function moved({ tar, root: own }: Files, root: string, { uid, gid }: WaitingStep): Readable {
  const to = pack();
  const nameOf = (name: string): string => {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    return posix.join(root, ...(own === '' ? parts : parts.slice(1)));
  };
  moveAll(tar, to, nameOf, { uid, gid }).then(
    () => to.finalize(),
    (error: unknown) => (to as unknown as Readable).destroy(error as Error),
  );
  return Readable.from(to, { objectMode: false });
}

async function moveAll(tar: Readable, to: Pack, nameOf: (name: string) => string, owner: { uid: number; gid: number }): Promise<void> {
  const from = extract();
  const read = pipeline(tar, from);
  const made = new Set(['.']);
  const makeDirectory = (name: string, mode: number): void => {
    if (made.has(name)) return;
    makeDirectory(posix.dirname(name), 0o755);
    made.add(name);
    to.entry({ ...owner, name: `${name}/`, type: 'directory', mode: mode | 0o700 });
  };
  for await (const entry of from) {
    const { type, mode = 0, linkname, mtime, size = 0 } = entry.header;
    const name = nameOf(entry.header.name);
    makeDirectory(type === 'directory' ? name : posix.dirname(name), type === 'directory' ? mode : 0o755);
    const header = { ...owner, name, type, mode, mtime, linkname: type === 'link' ? nameOf(linkname ?? '') : linkname };
    if (type === 'file') await pipeline(entry, to.entry({ ...header, size }) as unknown as NodeJS.WritableStream);
    else {
      if (type === 'link' || type === 'symlink') to.entry(header);
      entry.resume();
    }
  }
  await read;
}
