import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { statusOf, storeFailure } from './s3-errors.ts';
import { putInParts } from './s3-parts.ts';
import { signWithKnownHash } from './s3-signing.ts';
import type { ObjectStore, StreamBody } from './store.ts';

export interface S3Options {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Where one request would take too long to be repeated as a whole, and far below S3's 5 GiB for one PUT. */
const multipartAboveBytes = 64 * 1024 ** 2;
/** A body that is a stream cannot be repeated by the SDK; we open it again. */
const streamAttempts = 4;
const conflictAttempts = 6;

/**
 * An object store over S3. Every body is sent with its SHA-256, which the server verifies; the same hash signs the request, so
 * that a byte is hashed once. Failures: STORE_UNREACHABLE where the server does not answer or refuses, STORE_CORRUPT where a
 * body does not have the hash that it should.
 */
export function createS3Store(options: S3Options): ObjectStore {
  const client = createS3Client(options);
  const target = { client, bucket: options.bucket };
  const guarded = <Result>(key: string, work: () => Promise<Result>): Promise<Result> =>
    work().catch((error: unknown) => {
      throw storeFailure(error, options, key);
    });
  return {
    putIfAbsent: (key, bytes, mediaType) => guarded(key, () => putBytes(target, key, bytes, mediaType)),
    putStreamIfAbsent: (key, body, mediaType) => guarded(key, () => putStream(target, key, body, mediaType)),
    get: (key) => guarded(key, () => getBytes(target, key)),
    getStream: (key) => guarded(key, () => openObject(target, key, options)),
    head: (key) => guarded(key, () => headObject(target, key)),
    list: (prefix) => listObjects(target, prefix, options),
  };
}

/** Makes the bucket unless it is there. Failures: STORE_UNREACHABLE. */
export async function ensureBucket(options: S3Options): Promise<void> {
  const client = createS3Client(options);
  try {
    await client.send(new HeadBucketCommand({ Bucket: options.bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw storeFailure(error, options, '');
    await createBucket(client, options);
  } finally {
    client.destroy();
  }
}

export interface S3Target {
  client: S3Client;
  bucket: string;
}

function createS3Client({ endpoint, region, accessKeyId, secretAccessKey }: S3Options): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 5,
    // What goes wrong is thrown; the SDK's own warnings would only stand between our log lines.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    // We send a SHA-256 of our own and verify what comes back by its key; the SDK's CRC32 on top would be a third hash.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { expectContinueTimeout: 0,
      connectionTimeout: 5_000,
      socketTimeout: 120_000,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  signWithKnownHash(client);
  return client;
}

async function createBucket(client: S3Client, options: S3Options): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: options.bucket }));
  } catch (error) {
    // Somebody else made it between our look and our attempt.
    if (error instanceof Error && error.name === 'BucketAlreadyOwnedByYou') return;
    throw storeFailure(error, options, '');
  }
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

async function putStream(target: S3Target, key: string, body: StreamBody, mediaType: string): Promise<'created' | 'exists'> {
  if (body.sizeBytes > multipartAboveBytes) return putInParts(target, key, body, mediaType);
  for (let attempt = 1; ; attempt += 1) {
    const stream = body.open();
    try {
      return await createIfAbsent(target, {
        Key: key,
        Body: stream,
        ContentLength: body.sizeBytes,
        ContentType: mediaType,
        ChecksumSHA256: Buffer.from(body.sha256, 'hex').toString('base64'),
      });
    } catch (error) {
      const status = statusOf(error);
      if (attempt === streamAttempts || (status !== undefined && status < 500)) throw error;
      await wait(100 * 3 ** attempt);
    } finally {
      stream.destroy();
    }
  }
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
