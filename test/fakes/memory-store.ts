import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ObjectStore } from '../../activities/io/store.ts';

/** An object store in memory, for tests of what is stored rather than of how. */
export function memoryStore(objects = new Map<string, Uint8Array>()): ObjectStore & { objects: Map<string, Uint8Array> } {
  const put = (key: string, bytes: Uint8Array): 'created' | 'exists' => {
    if (objects.has(key)) return 'exists';
    objects.set(key, bytes);
    return 'created';
  };
  return {
    objects,
    putIfAbsent: async (key, bytes) => put(key, Buffer.from(bytes)),
    putStreamIfAbsent: async (key, body) => put(key, await buffer(body.open())),
    get: async (key) => objects.get(key),
    getStream: async (key) => {
      const bytes = objects.get(key);
      return bytes && Readable.from([bytes]);
    },
    head: async (key) => {
      const bytes = objects.get(key);
      return bytes && { sizeBytes: bytes.byteLength };
    },
    async *list(prefix) {
      for (const key of [...objects.keys()].filter((each) => each.startsWith(prefix)).sort()) {
        yield { key, sizeBytes: objects.get(key)?.byteLength ?? 0 };
      }
    },
  };
}
