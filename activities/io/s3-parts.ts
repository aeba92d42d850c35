import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { failure } from '../failure.ts';
import { createLanes } from './concurrency.ts';
import { createBuffers, filePortions } from './file-portions.ts';
import { statusOf } from './s3-errors.ts';
import type { S3Target } from './s3-client.ts';
import type { StreamBody } from './store.ts';

/**
 * Memory of one upload = part size x (in flight + 1), which the recording proxy has room for also with the largest body that it takes, of
 * 20 GiB.
 */
const smallestPartBytes = 6 * 1024 ** 2;
/** S3 takes 10,000; the local store keeps their offsets in an extended attribute, and ext4 has 4 KiB for all of those of a file: 600 fit. */
const mostParts = 500;
const partsInFlight = 2;

/**
 * Uploads a large body in parts, each with its SHA-256, and completes it only if the whole has the stated hash and the key is
 * still free. lib-storage's Upload does the same at 1.5 to 2 times the CPU time, since it hashes for signing and for the
 * checksum apart.
 */
export async function putInParts(target: S3Target, key: string, body: StreamBody, mediaType: string): Promise<'created' | 'exists'> {
  const { client, bucket } = target;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: mediaType, ChecksumAlgorithm: 'SHA256' }),
  );
  const upload = { Bucket: bucket, Key: key, UploadId };
  try {
    const parts = await sendParts(target, upload, key, body);
    await client.send(new CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: '*', MultipartUpload: { Parts: parts } }));
    return 'created';
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined); // The first error is the one to tell.
    if (statusOf(error) === 412) return 'exists';
    throw error;
  }
}

/** S3 takes no part but the last below 5 MiB. */
export function partBytesOf(sizeBytes: number): number {
  return Math.max(smallestPartBytes, Math.ceil(sizeBytes / mostParts));
}

interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

async function sendParts({ client }: S3Target, upload: Upload, key: string, body: StreamBody): Promise<CompletedPart[]> {
  const buffers = createBuffers(partBytesOf(body.sizeBytes));
  const lanes = createLanes(partsInFlight);
  const whole = createHash('sha256');
  const parts: CompletedPart[] = [];
  const read = body.path === undefined ? chunksOf(body.open(), buffers.take) : filePortions(body.path, buffers.take, body.pace);
  try {
    for await (const bytes of read) {
      whole.update(bytes);
      const PartNumber = parts.length + 1;
      const ChecksumSHA256 = createHash('sha256').update(bytes).digest('base64');
      const part: CompletedPart = { PartNumber, ChecksumSHA256 };
      parts.push(part);
      await lanes.start(async () => {
        const { ETag } = await client.send(
          new UploadPartCommand({ ...upload, PartNumber, ChecksumSHA256, Body: bytes, ContentLength: bytes.length }),
        );
        part.ETag = ETag;
        buffers.giveBack(bytes);
      });
    }
    await lanes.settle();
  } finally {
    await lanes.idle();
  }
  const actual = whole.digest('hex');
  if (actual !== body.sha256) throw failure('STORE_CORRUPT', `writing ${key}: the body has the hash ${actual}, not ${body.sha256}`);
  return parts;
}

/** The stream's bytes in filled buffers; only the last is shorter. */
async function* chunksOf(stream: Readable, take: () => Buffer): AsyncGenerator<Buffer> {
  let chunk = take();
  let filled = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    for (let taken = 0; taken < piece.length; ) {
      const copied = piece.copy(chunk, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < chunk.length) continue;
      yield chunk;
      chunk = take();
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
