import { describe, expect, it } from 'vitest';
import { artifactOf, putBlob } from '../../../activities/io/blobs.ts';
import { verifyStored } from '../../../activities/upload/verify.ts';
import { mediaTypes } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const context = { signal: new AbortController().signal, report: () => undefined };

async function storeWith(...texts: string[]) {
  const store = memoryStore();
  const blobs = await Promise.all(texts.map((text) => putBlob(store, Buffer.from(text), mediaTypes.text)));
  return { store, artifacts: blobs.map((blob, index) => artifactOf(blob, `logs/${index}.log`, 'log')) };
}

describe('what the stages stored', () => {
  it('is counted, each object once', async () => {
    const { store, artifacts } = await storeWith('one', 'two', 'one');
    expect(await verifyStored(store, artifacts, context)).toEqual({ objects: 2, bytes: 6 });
  });

  it('is refused when an object is missing or has another size, each by its path', async () => {
    const { store, artifacts } = await storeWith('one', 'two');
    store.objects.delete(artifacts[0]?.key ?? '');
    store.objects.set(artifacts[1]?.key ?? '', Buffer.from('longer'));
    const problem = { type: 'STORE_CORRUPT', message: expect.stringMatching(/logs\/0\.log .* missing.*logs\/1\.log .* 6 bytes instead of 3/) };
    await expect(verifyStored(store, artifacts, context)).rejects.toMatchObject(problem);
  });
});
