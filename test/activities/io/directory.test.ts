import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putBlob } from '../../../activities/io/blobs.ts';
import { createDirectoryStore } from '../../../activities/io/directory.ts';
import type { ObjectStore } from '../../../activities/io/store.ts';
import { mediaTypes } from '../../../domain/index.ts';

let directory: string;
let store: ObjectStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-directory-'));
  store = createDirectoryStore(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a directory store', () => {
  it('keeps objects as files under their keys', async () => {
    const blob = await putBlob(store, Buffer.from('text'), mediaTypes.text);
    expect(await readdir(join(directory, 'cas/sha256'))).toEqual([blob.sha256.slice(0, 2)]);
    expect(await store.head(blob.key)).toEqual({ sizeBytes: 4 });
    expect(await text((await store.getStream(blob.key)) ?? Readable.from([]))).toBe('text');
    expect([await store.get('none'), await store.getStream('none'), await store.head('cas')]).toEqual([undefined, undefined, undefined]);
  });

  it('lets exactly one of many parallel writers win', async () => {
    const writers = Array.from({ length: 16 }, (_, index) => store.putIfAbsent('race', Buffer.from(`${index}`), mediaTypes.text));
    expect((await Promise.all(writers)).filter((each) => each === 'created')).toHaveLength(1);
  });

  it('leaves nothing behind of a body that does not have its hash', async () => {
    const body = { open: () => Readable.from([Buffer.from('x')]), sizeBytes: 1, sha256: '0'.repeat(64) };
    await expect(store.putStreamIfAbsent('a/wrong', body, mediaTypes.bytes)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
    expect(await readdir(join(directory, '.partial'))).toEqual([]);
    expect(await store.head('a/wrong')).toBeUndefined();
  });

  it('lists by prefix in order, whole names and beginnings of names', async () => {
    for (const key of ['log/2', 'log/1', 'log/sub/3', 'logs/4', 'other']) await store.putIfAbsent(key, Buffer.from('x'), mediaTypes.text);
    expect(await keys('log/')).toEqual(['log/1', 'log/2', 'log/sub/3']);
    expect(await keys('lo')).toEqual(['log/1', 'log/2', 'log/sub/3', 'logs/4']);
    expect(await keys('none/')).toEqual([]);
  });

  it('refuses keys that lead out of it', async () => {
    await expect(store.get('../secret')).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
  });

  it('takes a file in the way of a directory for a store that cannot be written', async () => {
    await store.putIfAbsent('a', Buffer.from('x'), mediaTypes.text);
    await expect(store.putIfAbsent('a/b', Buffer.from('x'), mediaTypes.text)).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
  });
});

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}
