import { basename, posix } from 'node:path';
import { limits, type Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { entryAt } from '../io/tree-paths.ts';
import { readTreeFile } from '../io/trees.ts';
import { isDockerfilePath } from './evidence.ts';
import { manifestName, parseManifest, type ReadManifest } from './manifest.ts';

/**
 * The manifest of the picked directory, else of the root, else the only one there is. Failures: SEVERAL_SUBMISSIONS where there
 * are several and none is picked, since each stands for a submission of its own; MANIFEST_INVALID.
 */
export async function findManifest(store: ObjectStore, tree: Tree, picked: string | undefined): Promise<ReadManifest | undefined> {
  const path = manifestPath(tree, picked);
  if (path === undefined) return undefined;
  if (sizeOf(tree, path) > limits.manifestBytes) throw failure('MANIFEST_INVALID', `${path}: is larger than ${limits.manifestBytes} bytes`);
  const bytes = await readTreeFile(store, tree, path);
  return bytes && parseManifest(bytes, path);
}

/** All that look like Dockerfiles, and whatever the manifest or the request names as one. Failures: DOCKERFILE_INVALID. */
export async function readDockerfiles(
  store: ObjectStore,
  tree: Tree,
  requested: string | undefined,
  manifest: ReadManifest | undefined,
): Promise<Map<string, Uint8Array>> {
  const named = namedDockerfiles(requested, manifest);
  const found = new Map<string, Uint8Array>();
  for (const { path, type } of tree.entries) {
    if (type === 'directory' || !(named.has(path) || isDockerfilePath(path))) continue;
    const tooLarge = sizeOf(tree, path) > limits.dockerfileBytes;
    if (tooLarge && named.has(path)) throw failure('DOCKERFILE_INVALID', `${path}: is larger than ${limits.dockerfileBytes} bytes`);
    const bytes = tooLarge ? undefined : await readTreeFile(store, tree, path);
    if (bytes) found.set(path, bytes);
  }
  return found;
}

function manifestPath(tree: Tree, picked: string | undefined): string | undefined {
  const paths = tree.entries
    .filter(({ path, type }) => type !== 'directory' && basename(path) === manifestName && !path.includes('__MACOSX/'))
    .map(({ path }) => path);
  const own = posix.join(picked ?? '.', manifestName);
  if (paths.includes(own)) return own;
  if (picked !== undefined || paths.length <= 1) return picked === undefined ? paths[0] : undefined;
  const directories = paths.map((path) => posix.dirname(path));
  throw failure('SEVERAL_SUBMISSIONS', `the source holds ${paths.length} submissions: ${directories.slice(0, 20).join(', ')}`, { choices: directories });
}

function namedDockerfiles(requested: string | undefined, manifest: ReadManifest | undefined): Set<string> {
  const base = posix.dirname(manifest?.path ?? manifestName);
  const sources = [manifest?.manifest.serve, manifest?.manifest.train].map((source) => source && posix.join(base, source.dockerfile));
  return new Set([requested, ...sources].flatMap((path) => (path === undefined ? [] : [posix.normalize(path)])));
}

function sizeOf(tree: Tree, path: string): number {
  const entry = entryAt(tree, path);
  return entry?.type === 'file' ? entry.sizeBytes : 0;
}
