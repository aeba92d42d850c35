import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blobKey, type Artifact, type ArtifactRole } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { readAheadBytes } from './file-portions.ts';
import type { ObjectStore } from './store.ts';

/** Bytes kept under their own hash. */
export interface Blob {
  key: string;
  sha256: string;
  sizeBytes: number;
  mediaType: string;
}

export async function putBlob(store: ObjectStore, bytes: Uint8Array, mediaType: string): Promise<Blob> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const key = blobKey(sha256);
  await store.putIfAbsent(key, bytes, mediaType);
  return { key, sha256, sizeBytes: bytes.byteLength, mediaType };
}

/** What is stored in the place of a file that must not be stored as it is; undefined for one that may. It may read the file several times. */
export type MaskFile = (path: string, open: () => Readable) => Promise<Readable | undefined>;

/** Keeps a stream of unknown length: spooled to disk while it is hashed, uploaded unless the store has it already. Failures: DISK_FULL, those of `mask`. */
export async function putBlobStream(
  store: ObjectStore,
  body: Readable,
  mediaType: string,
  scratchDirectory: string,
  mask?: (open: () => Readable) => Promise<Readable | undefined>,
): Promise<Blob> {
  await mkdir(scratchDirectory, { recursive: true });
  const path = join(scratchDirectory, randomUUID());
  try {
    const spooled = await spool(body, path);
    const masked = await mask?.(() => createReadStream(path, { highWaterMark: readAheadBytes }));
    if (masked) return await putBlobStream(store, masked, mediaType, scratchDirectory);
    return await putFile(store, path, mediaType, spooled);
  } finally {
    await rm(path, { force: true });
  }
}

/** Uploads a file whose hash and size are known, unless the store has it already; `pace` is awaited before each portion. */
export async function putFile(
  store: ObjectStore,
  path: string,
  mediaType: string,
  { sha256, sizeBytes }: { sha256: string; sizeBytes: number },
  pace?: () => Promise<void>,
): Promise<Blob> {
  const key = blobKey(sha256);
  const known = await store.head(key);
  const open = (): Readable => createReadStream(path, { highWaterMark: readAheadBytes });
  if (!known) await store.putStreamIfAbsent(key, { open, path, pace, sizeBytes, sha256 }, mediaType);
  return { key, sha256, sizeBytes, mediaType };
}

/** The bytes of a blob, verified. Failures: STORE_CORRUPT where they are missing or not what their key says. */
export async function getBlob(store: ObjectStore, sha256: string): Promise<Uint8Array> {
  const bytes = await store.get(blobKey(sha256));
  if (!bytes) throw failure('STORE_CORRUPT', `the object ${blobKey(sha256)} is missing`);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256) throw failure('STORE_CORRUPT', `the object ${blobKey(sha256)} holds bytes of hash ${actual}`);
  return bytes;
}

/** As getBlob, for bodies too large for memory; a wrong hash ends the stream with the failure. */
export async function getBlobStream(store: ObjectStore, sha256: string): Promise<Readable> {
  const body = await store.getStream(blobKey(sha256));
  if (!body) throw failure('STORE_CORRUPT', `the object ${blobKey(sha256)} is missing`);
  const hash = createHash('sha256');
  const verify = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const actual = hash.digest('hex');
      done(actual === sha256 ? null : failure('STORE_CORRUPT', `the object ${blobKey(sha256)} holds bytes of hash ${actual}`));
    },
  });
  body.on('error', (error) => verify.destroy(error));
  return body.pipe(verify);
}

export async function getJson<T>(store: ObjectStore, sha256: string): Promise<T> {
  return JSON.parse(Buffer.from(await getBlob(store, sha256)).toString('utf8')) as T;
}

/** A stored blob as the manifest lists it. */
export function artifactOf(blob: Blob, path: string, role: ArtifactRole): Artifact {
  return { path, role, key: blob.key, sha256: blob.sha256, sizeBytes: blob.sizeBytes, mediaType: blob.mediaType };
}

async function spool(body: Readable, path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(body, measure, createWriteStream(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
    throw failure('DISK_FULL', `writing ${path}: ${error.message}`, { cause: error });
  });
  return { sha256: hash.digest('hex'), sizeBytes };
}
