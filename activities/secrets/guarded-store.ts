import type { Readable } from 'node:stream';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import type { ValueSearch } from '../scan/values.ts';

/**
 * The last look before anything is stored: the same store, which takes no object that holds a value of the operator, in any
 * encoding. Stages mask what they keep or fail with a better message; what gets here all the same is refused.
 * Failures of every put: SECRET_EXPOSED.
 */
export function guardedStore(store: ObjectStore, values: ValueSearch): ObjectStore {
  const refuse = (key: string, name: string | undefined): void => {
    if (name !== undefined) throw failure('SECRET_EXPOSED', `${key} would hold the secret ${name}, and is not stored`);
  };
  return {
    ...store,
    async putIfAbsent(key, bytes, mediaType) {
      refuse(key, values.find(bytes)[0]?.name);
      return store.putIfAbsent(key, bytes, mediaType);
    },
    async putStreamIfAbsent(key, body, mediaType) {
      refuse(key, await values.findIn(body.open() as Readable & AsyncIterable<Uint8Array>));
      return store.putStreamIfAbsent(key, body, mediaType);
    },
  };
}
