import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { ApplicationFailure } from '@temporalio/common';
import { extract, type Extract } from 'tar-stream';
import { mediaTypes } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { putBlobStream } from '../io/blobs.ts';
import { engineFailure, onEngine } from '../io/docker/errors.ts';
import type { StageContext } from '../stage.ts';

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/**
 * Reads images out of the engine in one stream, in which layers that they share come once, and keeps every configuration and
 * layer under the hash of its unpacked content. Engines differ in how the archive names them (`<id>/layer.tar`, or an OCI
 * layout's `blobs/sha256/<hash>`), so names do not matter here: the hashes that an image's configuration states do.
 */
export async function saveImages(
  { docker, store, settings }: Pick<Dependencies, 'docker' | 'store' | 'settings'>,
  images: ImageReference[],
  { signal, report }: Pick<StageContext, 'signal' | 'report'>,
): Promise<void> {
  const doing = `reading ${images.length} images out of the engine`;
  const total = images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const body = await onEngine(doing, () => openArchive(docker, images, signal));
  const tar = extract();
  let done = 0;
  const keepAll = async (): Promise<void> => {
    for await (const entry of tar) {
      signal.throwIfAborted();
      if (entry.header.type !== 'file' || !isContent(entry.header.name)) {
        entry.resume();
        continue;
      }
      await putBlobStream(store, await unpacked(entry), mediaTypes.bytes, settings.scratchDirectory);
      done += entry.header.size;
      report({ message: 'storing image layers', done: Math.min(done, total), total });
    }
  };
  try {
    await Promise.all([pipeline(body, tar as unknown as Writable, { signal }), keepAll()]);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ApplicationFailure ? error : engineFailure(error, doing);
  }
}

/** The client library knows the call for one image only, and layers that images share would then come once for each. */
async function openArchive(docker: Dependencies['docker'], images: ImageReference[], signal: AbortSignal): Promise<Readable> {
  const query = images.map(({ id }) => `names=${encodeURIComponent(id)}`).join('&');
  const statusCodes = { 200: true, 404: 'no such image', 500: 'server error' } as const;
  return (await promisify(docker.modem.dial.bind(docker.modem))({
    path: `/images/get?${query}`,
    method: 'GET',
    isStream: true,
    abortSignal: signal,
    statusCodes,
  })) as Readable;
}

/** Leaves out what says nothing of an image's own: VERSION, the legacy `<id>/json`, the archive's indexes. */
function isContent(name: string): boolean {
  return /(^|\/)layer\.tar$/.test(name) || /^[0-9a-f]{64}\.json$/.test(name) || /^blobs\/sha256\/[0-9a-f]{64}$/.test(name);
}

/** Some engines give layers out as they were pulled, compressed; their identity is that of the content. */
async function unpacked(entry: Entry): Promise<Readable> {
  const source = entry as unknown as Readable;
  const { first, rest } = await peek(source);
  const body = new PassThrough({ highWaterMark: 1024 ** 2 });
  const isGzip = first[0] === 0x1f && first[1] === 0x8b;
  const target = isGzip ? createGunzip() : new PassThrough();
  // Errors reach the reader through the last stream, which pipeline destroys with them.
  pipeline(rest, target, body).catch(() => undefined);
  return body;
}

async function peek(source: Readable): Promise<{ first: Buffer; rest: AsyncIterable<Buffer> }> {
  const iterator = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const { value, done } = await iterator.next();
  const first = done === true ? Buffer.alloc(0) : (value as Buffer);
  async function* rest(): AsyncGenerator<Buffer> {
    yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value as Buffer;
  }
  return { first, rest: rest() };
}
