import type { Readable } from 'node:stream';
import { subtree, type Tree } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { caBundle } from '../pin/ca-bundle.ts';
import { readTreeFile, tarOfTree, type ExtraEntry, type ExtraFile } from '../io/trees.ts';
import type { AddedFile } from '../record/added.ts';
import { ignoreFilesOf, withoutIgnored } from './dockerignore.ts';
import { entriesOfCopies, type ModeCopy } from './newer-options.ts';
import type { PlannedBuild } from './plan.ts';

/** What the platform adds to every context, after .dockerignore was applied, so that no pattern can take it away. */
export const addedFiles = { dockerfile: '.reprise/Dockerfile', caBundle: '.reprise/ca.pem' } as const;

/** For programs that take a CA bundle from a file of settings only: GNU wget, and apt over HTTPS. */
const trustSettings: ExtraFile[] = [
  { path: caBundle.wgetPath, bytes: Buffer.from(`ca_certificate = ${caBundle.imagePath}\n`) },
  // What a recording or a snapshot answers is as old as it is meant to be; signatures are verified all the same.
  { path: caBundle.aptPath, bytes: Buffer.from(`Acquire::https::CaInfo "${caBundle.imagePath}";\nAcquire::Check-Valid-Until "false";\n`) },
];

interface ContextAdditions {
  dockerfile: Uint8Array;
  caBundle: Uint8Array | undefined;
  /** What ADD fetched. */
  files?: readonly AddedFile[];
  /** Of COPY. */
  documents?: readonly ExtraFile[];
  copies?: readonly ModeCopy[];
}

/**
 * The context of a build as a tar stream: the files below its directory that .dockerignore lets through, the pinned Dockerfile,
 * and the operator's CA bundle where there is one. Failures: DOCKERFILE_INVALID, STORE_CORRUPT.
 */
export async function contextTar(
  store: ObjectStore,
  snapshot: Tree,
  build: PlannedBuild,
  added: ContextAdditions,
): Promise<Readable> {
  const context = await contextOf(store, snapshot, build);
  const extra: ExtraFile[] = [{ path: addedFiles.dockerfile, bytes: added.dockerfile }, ...(added.documents ?? [])];
  if (added.caBundle) extra.push({ path: addedFiles.caBundle, bytes: added.caBundle }, ...trustSettings);
  // The engine takes the Dockerfile and .dockerignore out of the context if this file says so: `COPY . .` then leaves neither
  // behind. A submission's own .dockerignore is not changed for it.
  if (!context.entries.some((entry) => entry.path === '.dockerignore')) {
    extra.push({ path: '.dockerignore', bytes: Buffer.from(`${addedFiles.dockerfile}\n.dockerignore\n`) });
  }
  const fetched = (added.files ?? []).map((file): ExtraEntry => ({ type: 'file', executable: false, ...file }));
  return tarOfTree(store, context, { extra, entries: [...fetched, ...entriesOfCopies(context, added.copies ?? [])] });
}

/** The files below the build's directory that .dockerignore lets through. Failures: DOCKERFILE_INVALID. */
export async function contextOf(store: ObjectStore, snapshot: Tree, build: PlannedBuild): Promise<Tree> {
  const context = subtree(snapshot, build.context);
  for (const path of ignoreFilesOf(pathInContext(build))) {
    const patterns = await readTreeFile(store, context, path);
    if (patterns) return withoutIgnored(context, Buffer.from(patterns).toString('utf8'));
  }
  return context;
}

/** The original Dockerfile's path below the context; undefined where it lies outside. */
function pathInContext({ dockerfile, context }: PlannedBuild): string | undefined {
  const directory = context.replace(/^\.\/?/, '').replace(/\/+$/, '');
  if (directory === '') return dockerfile;
  return dockerfile.startsWith(`${directory}/`) ? dockerfile.slice(directory.length + 1) : undefined;
}
