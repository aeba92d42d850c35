import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fromRandomAccessReader, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { limits } from '../../../domain/index.ts';
import { shown, Unreachable, type HttpClient } from './http.ts';

/** The wanted entries of a remote zip file, of which only its directory and these are fetched. Throws Unreachable. */
export async function readRemoteZip(client: HttpClient, url: string, wanted: (name: string) => boolean, signal: AbortSignal): Promise<Map<string, Buffer>> {
  const size = await sizeOf(client, url, signal);
  const found = new Map<string, Buffer>();
  try {
    const zip = await openZip(new RemoteFile(remoteBlocks(client, url, size, signal)), size);
    for await (const entry of zip.eachEntry()) {
      if (!wanted(entry.fileName)) continue;
      if (entry.uncompressedSize > limits.packageMetadataBytes) throw new Unreachable(`${shown(url)}: ${entry.fileName} has ${entry.uncompressedSize} bytes`);
      found.set(entry.fileName, await buffer(await contentOf(zip, entry)));
    }
    zip.close();
    return found;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Unreachable ? error : new Unreachable(`${shown(url)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function sizeOf(client: HttpClient, url: string, signal: AbortSignal): Promise<number> {
  const probe = await client.get(url, { range: 'bytes=0-0', 'accept-encoding': 'identity' }, { signal });
  probe.body.destroy();
  const size = Number(/\/(\d+)$/.exec(probe.headers['content-range'] ?? '')?.[1]);
  if (probe.status === 206 && !Number.isNaN(size)) return size;
  throw new Unreachable(`${shown(url)}: gives no parts of itself (${probe.status}), so its metadata cannot be read`);
}

/** A wheel's directory is read in hundreds of small pieces; in blocks that is one request or a few. */
const blockBytes = 128 * 1024;

/** A remote file for yauzl, which asks for a reader of its own class. */
class RemoteFile extends RandomAccessReader {
  readonly #block: (index: number) => Promise<Buffer>;

  constructor(block: (index: number) => Promise<Buffer>) {
    super();
    this.#block = block;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end));
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const index = Math.floor(at / blockBytes);
      const piece = (await this.#block(index)).subarray(at - index * blockBytes, end - index * blockBytes);
      if (piece.byteLength === 0) throw new Unreachable('a part of the file is shorter than asked for');
      yield piece;
      at += piece.byteLength;
    }
  }
}

function remoteBlocks(client: HttpClient, url: string, size: number, signal: AbortSignal): (index: number) => Promise<Buffer> {
  const blocks = new Map<number, Promise<Buffer>>();
  const fetchBlock = async (index: number): Promise<Buffer> => {
    const range = `bytes=${index * blockBytes}-${Math.min((index + 1) * blockBytes, size) - 1}`;
    const { status, bytes } = await client.getBytes(url, { range, 'accept-encoding': 'identity' }, signal);
    if (status !== 206) throw new Unreachable(`${shown(url)}: answered ${status} to a part`);
    return bytes;
  };
  return (index) => {
    const block = blocks.get(index) ?? fetchBlock(index);
    blocks.set(index, block);
    return block;
  };
}

function openZip(reader: RandomAccessReader, size: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromRandomAccessReader(reader, size, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? reject(error) : resolve(zip)));
  });
}

function contentOf(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}
