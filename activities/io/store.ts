import type { Readable } from 'node:stream';

/**
 * The object store as the stages see it; S3 (io/s3.ts) and a plain directory (io/directory.ts, for exports) satisfy it.
 * `put…` creates only if absent and says which it was, so that a repeated activity is harmless.
 * Failures: STORE_UNREACHABLE. A missing object is `undefined`, never an exception.
 */
export interface ObjectStore {
  putIfAbsent(key: string, bytes: Uint8Array, mediaType: string): Promise<'created' | 'exists'>;
  /** For bodies of known hash and size; larger ones go in parts. `open` is called again for a retry. */
  putStreamIfAbsent(key: string, body: StreamBody, mediaType: string): Promise<'created' | 'exists'>;
  get(key: string): Promise<Uint8Array | undefined>;
  getStream(key: string): Promise<Readable | undefined>;
  head(key: string): Promise<{ sizeBytes: number } | undefined>;
  list(prefix: string): AsyncIterable<{ key: string; sizeBytes: number }>;
}

export interface StreamBody {
  open(): Readable;
  /** Where the body is a file: it may be read there instead. */
  path?: string;
  /** Where it is a file: resolves when the next portion may be read. */
  pace?: (() => Promise<void>) | undefined;
  sizeBytes: number;
  sha256: string;
}
