/**
 * Speed and CPU time of keeping one large artifact: 512 MiB of random bytes, spooled, hashed and uploaded as a stage does it.
 * Uses the S3 server named by the environment (REPRISE_S3_ENDPOINT and its keys), else one of its own in a temporary directory.
 * Prints JSON: MB/s (10^6 bytes) and CPU seconds of this process per GB (10^9 bytes), for the upload alone and with the spooling.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { putBlobStream } from '../activities/io/blobs.ts';
import { createS3Store, ensureBucket, type S3Options } from '../activities/io/s3.ts';
import { mediaTypes } from '../domain/index.ts';
import { startGateway } from '../test/integration/activities/io/versitygw.ts';

const MiB = 1024 ** 2;
const sizeBytes = 512 * MiB;

const scratch = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
const configured = configuredServer();
const { options, stop } = configured ? { options: configured, stop: async () => {} } : await startGateway(`bench-${randomUUID()}`);
try {
  await ensureBucket(options);
  const path = join(scratch, 'random');
  await pipeline(Readable.from(randomChunks()), createWriteStream(path));
  const store = createS3Store(options);
  const measured = await measure(() => putBlobStream(store, createReadStream(path, { highWaterMark: MiB }), mediaTypes.bytes, scratch));
  console.log(JSON.stringify({ bench: 'upload', sizeBytes, server: configured ? 'configured' : 'versitygw, own', ...measured }));
} finally {
  await stop();
  await rm(scratch, { recursive: true, force: true });
}
process.exit(0); // The keep-alive sockets of the store would hold the process for a while.

async function measure(work: () => Promise<unknown>): Promise<{ wallMs: number; megabytesPerSecond: number; cpuSecondsPerGigabyte: number }> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallMs: Math.round(wallMs),
    megabytesPerSecond: Math.round(sizeBytes / 1e6 / (wallMs / 1_000)),
    cpuSecondsPerGigabyte: Number(((user + system) / 1e6 / (sizeBytes / 1e9)).toFixed(2)),
  };
}

function* randomChunks(): Generator<Buffer> {
  for (let written = 0; written < sizeBytes; written += MiB) yield randomBytes(MiB);
}

function configuredServer(): S3Options | undefined {
  const { REPRISE_S3_ENDPOINT: endpoint, REPRISE_S3_ACCESS_KEY_ID: accessKeyId, REPRISE_S3_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { endpoint, accessKeyId, secretAccessKey, region: process.env['REPRISE_S3_REGION'] ?? 'us-east-1', bucket: process.env['REPRISE_S3_BUCKET'] ?? 'reprise' };
}
