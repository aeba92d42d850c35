import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { statusOf, storeFailure } from './s3-errors.ts';
import { signWithKnownHash } from './s3-signing.ts';

export interface S3Options {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Larger bodies go in parts; what S3 takes in one request unless given. */
  multipartAboveBytes?: number;
}

export interface S3Target {
  client: S3Client;
  bucket: string;
}

/** A client with kept connections and repeated attempts, for any S3 server. */
export function createS3Client({ endpoint, region, accessKeyId, secretAccessKey }: S3Options): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    // Asking before sending would cost the kept connection; whether the object is there was asked before.
    expectContinueHeader: false,
    maxAttempts: 5,
    // What goes wrong is thrown; the SDK's own warnings would only stand between our log lines.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    // We send a SHA-256 of our own and verify what comes back by its key; the SDK's CRC32 on top would be a third hash.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: 120_000,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  signWithKnownHash(client);
  return client;
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

async function createBucket(client: S3Client, options: S3Options): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: options.bucket }));
  } catch (error) {
    // Somebody else made it between our look and our attempt.
    if (error instanceof Error && error.name === 'BucketAlreadyOwnedByYou') return;
    throw storeFailure(error, options, '');
  }
}
