import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { failure } from '../failure.ts';
import type { ObjectStore } from './store.ts';

/** What is written goes here first and gets its name when it is complete. */
const partialDirectory = '.partial';

/**
 * An object store that is a plain directory: what `reprise export` writes and `reprise audit DIR` reads. A file appears under
 * its key at once and complete, or not at all. Media types are not kept. Failures: STORE_CORRUPT where a body does not have
 * its stated hash, STORE_UNREACHABLE where the directory cannot be read or written.
 */
export function createDirectoryStore(root: string): ObjectStore {
  const base = resolve(root);
  const pathOf = (key: string): string => pathInside(base, key);
  return {
    putIfAbsent: (key, bytes) => guarded(key, () => create(base, pathOf(key), (partial) => writeFile(partial, bytes, { flag: 'wx', flush: true }))),
    putStreamIfAbsent: (key, { open: body, sha256 }) => guarded(key, () => create(base, pathOf(key), (partial) => writeVerified(body(), partial, sha256, key))),
    get: (key) => guarded(key, () => unlessMissing(readFile(pathOf(key)))),
    getStream: (key) => guarded(key, async () => ((await sizeOf(pathOf(key))) ? createReadStream(pathOf(key)) : undefined)),
    head: (key) => guarded(key, () => sizeOf(pathOf(key))),
    list: (prefix) => list(base, prefix),
  };
}

async function create(base: string, path: string, write: (partial: string) => Promise<void>): Promise<'created' | 'exists'> {
  if (await sizeOf(path)) return 'exists';
  const partial = join(base, partialDirectory, randomUUID());
  await Promise.all([mkdir(dirname(partial), { recursive: true }), mkdir(dirname(path), { recursive: true })]);
  try {
    await write(partial);
    return await nameIfAbsent(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/** link() is the one call that names a complete file and fails when the name is taken. */
async function nameIfAbsent(partial: string, path: string): Promise<'created' | 'exists'> {
  try {
    await link(partial, path);
    return 'created';
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists';
    if (!fileSystemsWithoutLinks.has(codeOf(error))) throw error;
    return claimThenRename(partial, path);
  }
}

const fileSystemsWithoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

async function claimThenRename(partial: string, path: string): Promise<'created' | 'exists'> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists';
    throw error;
  }
  await rename(partial, path);
  return 'created';
}

async function writeVerified(body: Readable, path: string, sha256: string, key: string): Promise<void> {
  const hash = createHash('sha256');
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, measure, createWriteStream(path, { flags: 'wx', flush: true }));
  const actual = hash.digest('hex');
  if (actual !== sha256) throw failure('STORE_CORRUPT', `writing ${key}: the body has the hash ${actual}, not ${sha256}`);
}

async function* list(base: string, prefix: string): AsyncIterable<{ key: string; sizeBytes: number }> {
  const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
  const entries = await guarded(prefix, () => unlessMissing(readdir(pathInside(base, start), { recursive: true, withFileTypes: true })));
  const keys = (entries ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(base.length + 1).split(sep).join('/'))
    .filter((key) => key.startsWith(prefix) && !key.startsWith(`${partialDirectory}/`))
    .sort();
  for (const key of keys) {
    const size = await sizeOf(join(base, key));
    if (size) yield { key, ...size };
  }
}

async function sizeOf(path: string): Promise<{ sizeBytes: number } | undefined> {
  const found = await unlessMissing(stat(path));
  return found?.isFile() ? { sizeBytes: found.size } : undefined;
}

function pathInside(base: string, key: string): string {
  const path = resolve(base, key);
  if (path !== base && !path.startsWith(base + sep)) throw failure('STORE_CORRUPT', `the key ${key} leads out of ${base}`);
  return path;
}

async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function guarded<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === '') throw error;
    throw failure('STORE_UNREACHABLE', `object store directory, ${key}: ${(error as Error).message}`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
