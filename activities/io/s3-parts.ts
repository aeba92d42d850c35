import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type UploadPartCommandOutput,
} from '@aws-sdk/client-s3';
import { failure } from '../failure.ts';
import { createLanes } from './concurrency.ts';
import { createBuffers, filePortions, pipedFile, readAheadBytes } from './file-portions.ts';
import { statusOf } from './s3-errors.ts';
import { sendReopening } from './s3-streams.ts';
import type { S3Target } from './s3-client.ts';
import type { StreamBody } from './store.ts';

/** Memory of an upload out of a stream = part size x (in flight + 1); what lies in a file takes none, whatever its size. */
const smallestPartBytes = 6 * 1024 ** 2;
/** S3 takes 10,000; the local store keeps their offsets in an extended attribute, and ext4 has 4 KiB for all of those of a file: 600 fit. */
const mostParts = 500;
const partsInFlight = 2;

/**
 * Uploads a large body in parts, each with its SHA-256, and completes it only if the whole has the stated hash and the key is
 * still free. A file goes in parts of `filePartBytes`. lib-storage's Upload does the same at 1.5 to 2 times the CPU time, since it hashes for signing and for the
 * checksum apart.
 */
export async function putInParts(target: S3Target, key: string, body: StreamBody, mediaType: string, filePartBytes: number): Promise<'created' | 'exists'> {
  const { client, bucket } = target;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: mediaType, ChecksumAlgorithm: 'SHA256' }),
  );
  const upload = { Bucket: bucket, Key: key, UploadId };
  const whole = createHash('sha256');
  try {
    const parts = body.path === undefined ? await sendStream(target, upload, body, whole) : await sendFile(target, upload, { ...body, path: body.path }, whole, filePartBytes);
    const actual = whole.digest('hex');
    if (actual !== body.sha256) throw failure('STORE_CORRUPT', `writing ${key}: the body has the hash ${actual}, not ${body.sha256}`);
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

/** A part is read twice, to be hashed and to be sent: what it is sent with must be known before its first byte goes. */
async function sendFile({ client }: S3Target, upload: Upload, { path, pace, sizeBytes }: StreamBody & { path: string }, whole: Hash, partBytes: number): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  const buffer = Buffer.allocUnsafeSlow(readAheadBytes);
  for (let start = 0; start < sizeBytes; start += partBytes) {
    const range = { start, end: Math.min(start + partBytes, sizeBytes) };
    const hash = createHash('sha256');
    for await (const portion of filePortions(path, () => buffer, pace, range)) {
      whole.update(portion);
      hash.update(portion);
    }
    const part = { PartNumber: parts.length + 1, ChecksumSHA256: hash.digest('base64') };
    const send = (Body: Readable): Promise<UploadPartCommandOutput> => client.send(new UploadPartCommand({ ...upload, ...part, Body, ContentLength: range.end - range.start }));
    const { ETag } = await sendReopening(() => pipedFile(path, pace, range), send);
    parts.push({ ...part, ETag });
  }
  return parts;
}

async function sendStream({ client }: S3Target, upload: Upload, { open, sizeBytes }: StreamBody, whole: Hash): Promise<CompletedPart[]> {
  const buffers = createBuffers(partBytesOf(sizeBytes));
  const lanes = createLanes(partsInFlight);
  const parts: CompletedPart[] = [];
  try {
    for await (const bytes of chunksOf(open(), buffers.take)) {
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
