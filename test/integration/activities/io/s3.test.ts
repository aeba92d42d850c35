import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBlobStream, putBlob, putBlobStream, putFile } from '../../../../activities/io/blobs.ts';
import { createS3Store, ensureBucket } from '../../../../activities/io/s3.ts';
import type { ObjectStore } from '../../../../activities/io/store.ts';
import { blobKey, mediaTypes } from '../../../../domain/index.ts';
import { type RunningGateway, startGateway } from './versitygw.ts';

const MiB = 1024 ** 2;
let gateway: RunningGateway;
let store: ObjectStore;

beforeAll(async () => {
  gateway = await startGateway();
  await ensureBucket(gateway.options);
  store = createS3Store({ ...gateway.options, multipartAboveBytes: 16 * MiB });
});
afterAll(() => gateway.stop());

describe('an S3 store', () => {
  it('makes the bucket once and leaves it alone afterwards', async () => {
    await ensureBucket(gateway.options);
  });

  it('gives back what was put, and undefined for what was not', async () => {
    expect(await store.putIfAbsent('a/one', Buffer.from('text'), mediaTypes.text)).toBe('created');
    expect(await textOf('a/one')).toBe('text');
    expect((await buffer((await store.getStream('a/one')) ?? Readable.from([]))).toString()).toBe('text');
    expect(await store.head('a/one')).toEqual({ sizeBytes: 4 });
    expect([await store.get('a/none'), await store.getStream('a/none'), await store.head('a/none')]).toEqual([undefined, undefined, undefined]);
  });

  it('keeps the first of two objects of one key', async () => {
    await store.putIfAbsent('a/twice', Buffer.from('first'), mediaTypes.text);
    expect(await store.putIfAbsent('a/twice', Buffer.from('second'), mediaTypes.text)).toBe('exists');
    expect(await textOf('a/twice')).toBe('first');
  });

  it('lets exactly one of sixteen parallel writers win', async () => {
    const writers = Array.from({ length: 16 }, (_, index) => store.putIfAbsent('a/race', Buffer.from(`${index}`), mediaTypes.text));
    expect((await Promise.all(writers)).filter((each) => each === 'created')).toHaveLength(1);
  });

  it('keeps empty objects', async () => {
    await store.putIfAbsent('a/empty', new Uint8Array(), mediaTypes.bytes);
    expect(await store.head('a/empty')).toEqual({ sizeBytes: 0 });
    expect((await store.get('a/empty'))?.byteLength).toBe(0);
  });

  it.each([
    ['in one request', 3 * MiB],
    ['in parts', 35 * MiB + 5],
  ])('keeps a stream %s, once', async (_, sizeBytes) => {
    const bytes = randomBytes(sizeBytes);
    const body = { open: () => Readable.from([bytes]), sizeBytes, sha256: sha256(bytes) };
    const key = blobKey(body.sha256);
    expect(await store.putStreamIfAbsent(key, body, mediaTypes.bytes)).toBe('created');
    expect(await store.putStreamIfAbsent(key, body, mediaTypes.bytes)).toBe('exists');
    expect(sha256(await buffer(await getBlobStream(store, body.sha256)))).toBe(body.sha256);
  });

  it.each([
    ['in one request', 12 * MiB + 5],
    ['in parts', 35 * MiB + 5],
  ])('keeps a file %s, and none that does not have its hash', async (_, sizeBytes) => {
    const bytes = randomBytes(sizeBytes);
    const path = join(tmpdir(), `reprise-test-file-${process.pid}-${sizeBytes}`);
    await writeFile(path, bytes);
    try {
      const { sha256: kept } = await putFile(store, path, mediaTypes.bytes, { sha256: sha256(bytes), sizeBytes });
      expect(sha256(await buffer(await getBlobStream(store, kept)))).toBe(sha256(bytes));
      const other = { sha256: sha256(Buffer.from(`other than ${sizeBytes}`)), sizeBytes };
      await expect(putFile(store, path, mediaTypes.bytes, other)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
      expect(await store.head(blobKey(other.sha256))).toBeUndefined();
    } finally {
      await rm(path);
    }
  });

  it.each([
    ['in one request', 1 * MiB],
    ['in parts', 35 * MiB],
  ])('refuses a stream %s that does not have its hash', async (_, sizeBytes) => {
    const bytes = randomBytes(sizeBytes);
    const body = { open: () => Readable.from([bytes]), sizeBytes, sha256: sha256(Buffer.from('something else')) };
    await expect(store.putStreamIfAbsent(`a/wrong-${sizeBytes}`, body, mediaTypes.bytes)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
    expect(await store.head(`a/wrong-${sizeBytes}`)).toBeUndefined();
  });

  it('lists by prefix, over more than one page', async () => {
    await Promise.all(Array.from({ length: 1_005 }, (_, index) => store.putIfAbsent(`pages/${index}`, Buffer.from('x'), mediaTypes.text)));
    const keys: string[] = [];
    for await (const { key } of store.list('pages/')) keys.push(key);
    expect(new Set(keys).size).toBe(1_005);
  });

  it('spools a stream of unknown length', async () => {
    const bytes = randomBytes(2 * MiB);
    const blob = await putBlobStream(store, Readable.from([bytes]), mediaTypes.bytes, '/tmp/reprise-test-scratch');
    expect(blob).toMatchObject({ sha256: sha256(bytes), sizeBytes: bytes.length });
    expect(await putBlob(store, bytes, mediaTypes.bytes)).toEqual(blob);
  });
});

describe('an S3 store that cannot be used', () => {
  it('ends a stream with the failure when the server dies', async () => {
    const dying = await startGateway();
    try {
      await ensureBucket(dying.options);
      const other = createS3Store(dying.options);
      await other.putIfAbsent('large', randomBytes(64 * MiB), mediaTypes.bytes);
      const stream = await other.getStream('large');
      dying.process.kill('SIGKILL');
      await expect(buffer(stream ?? Readable.from([]))).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
    } finally {
      await dying.stop();
    }
  });

  it('names the endpoint that does not answer', async () => {
    const away = createS3Store({ ...gateway.options, endpoint: 'http://127.0.0.1:9' });
    await expect(away.get('a')).rejects.toMatchObject({ type: 'STORE_UNREACHABLE', message: expect.stringContaining('127.0.0.1:9') });
    await expect(away.putIfAbsent('a', Buffer.from('x'), mediaTypes.text)).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
  });

  it('tells a missing bucket from a missing object', async () => {
    const other = createS3Store({ ...gateway.options, bucket: 'no-such-bucket' });
    await expect(other.get('a')).rejects.toMatchObject({ type: 'STORE_UNREACHABLE', message: expect.stringContaining('NoSuchBucket') });
  });

  it('does not take a refused key for a missing object', async () => {
    const other = createS3Store({ ...gateway.options, secretAccessKey: 'wrong' });
    await expect(other.get('a')).rejects.toMatchObject({ type: 'STORE_UNREACHABLE', message: expect.stringContaining('403') });
    await expect(other.head('a')).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function textOf(key: string): Promise<string> {
  return Buffer.from((await store.get(key)) ?? '').toString();
}
