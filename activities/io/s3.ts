import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { pipedFile } from './file-portions.ts';
import { createS3Client, type S3Options, type S3Target } from './s3-client.ts';
import { statusOf, storeFailure } from './s3-errors.ts';
import { putInParts } from './s3-parts.ts';
import { sendReopening } from './s3-streams.ts';
import type { ObjectStore, StreamBody } from './store.ts';

export { ensureBucket, type S3Options } from './s3-client.ts';

/**
 * What S3 takes in one request, which costs a fifth of the CPU time of parts, since the hash that we have serves it whole (measured:
 * 0.5 against 2.5 CPU seconds per GB), and S3 keeps the SHA-256 of the whole object. A broken connection repeats it.
 */
const mostInOneRequestBytes = 5 * 1024 ** 3;
const conflictAttempts = 6;

/**
 * An object store over S3. Every body is sent with its SHA-256, which the server verifies; the same hash signs the request, so
 * that a byte is hashed once. Failures: STORE_UNREACHABLE where the server does not answer or refuses, STORE_CORRUPT where a
 * body does not have the hash that it should.
 */
export function createS3Store(options: S3Options): ObjectStore {
  const client = createS3Client(options);
  const target = { client, bucket: options.bucket };
  const multipartAboveBytes = options.multipartAboveBytes ?? mostInOneRequestBytes;
  const guarded = <Result>(key: string, work: () => Promise<Result>): Promise<Result> =>
    work().catch((error: unknown) => {
      throw storeFailure(error, options, key);
    });
  return {
    putIfAbsent: (key, bytes, mediaType) => guarded(key, () => putBytes(target, key, bytes, mediaType)),
    putStreamIfAbsent: (key, body, mediaType) => guarded(key, () =>
        body.sizeBytes > multipartAboveBytes ? putInParts(target, key, body, mediaType, multipartAboveBytes) : putStream(target, key, body, mediaType),
      ),
    get: (key) => guarded(key, () => getBytes(target, key)),
    getStream: (key) => guarded(key, () => openObject(target, key, options)),
    head: (key) => guarded(key, () => headObject(target, key)),
    list: (prefix) => listObjects(target, prefix, options),
  };
}

function putBytes(target: S3Target, key: string, bytes: Uint8Array, mediaType: string): Promise<'created' | 'exists'> {
  const sha256 = createHash('sha256').update(bytes).digest();
  return createIfAbsent(target, {
    Key: key,
    Body: bytes,
    ContentLength: bytes.byteLength,
    ContentType: mediaType,
    ChecksumSHA256: sha256.toString('base64'),
  });
}

function putStream(target: S3Target, key: string, { open, path, pace, sizeBytes, sha256 }: StreamBody, mediaType: string): Promise<'created' | 'exists'> {
  const about = { Key: key, ContentLength: sizeBytes, ContentType: mediaType, ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') };
  return sendReopening(path === undefined ? open : () => pipedFile(path, pace), (Body) => createIfAbsent(target, { ...about, Body }));
}

/** 409 says that another writer is at it right now: it may still fail, so we ask again until there is a winner. */
async function createIfAbsent(
  { client, bucket }: S3Target,
  input: Omit<PutObjectCommandInput, 'Bucket' | 'IfNoneMatch'>,
): Promise<'created' | 'exists'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(new PutObjectCommand({ Bucket: bucket, IfNoneMatch: '*', ...input }));
      return 'created';
    } catch (error) {
      if (statusOf(error) === 412) return 'exists';
      if (statusOf(error) !== 409 || attempt === conflictAttempts || input.Body instanceof Readable) throw error;
      await wait(50 * 2 ** attempt);
    }
  }
}

async function getBytes({ client, bucket }: S3Target, key: string): Promise<Uint8Array | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body === undefined ? new Uint8Array() : await Body.transformToByteArray();
  } catch (error) {
    if (statusOf(error) === 404 && isMissingKey(error)) return undefined;
    throw error;
  }
}

async function openObject({ client, bucket }: S3Target, key: string, options: S3Options): Promise<Readable | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Readable.from(namingFailures(Body as Readable, options, key), { objectMode: false });
  } catch (error) {
    if (statusOf(error) === 404 && isMissingKey(error)) return undefined;
    throw error;
  }
}

async function* namingFailures(body: Readable, options: S3Options, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw storeFailure(error, options, key);
  }
}

async function headObject({ client, bucket }: S3Target, key: string): Promise<{ sizeBytes: number } | undefined> {
  try {
    const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { sizeBytes: ContentLength ?? 0 };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function* listObjects({ client, bucket }: S3Target, prefix: string, options: S3Options): AsyncIterable<{ key: string; sizeBytes: number }> {
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
      for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, sizeBytes: Size ?? 0 };
    }
  } catch (error) {
    throw storeFailure(error, options, prefix);
  }
}

/** A missing bucket is 404 too, and no answer to whether the object exists. */
function isMissingKey(error: unknown): boolean {
  return !(error instanceof Error && error.name === 'NoSuchBucket');
}
