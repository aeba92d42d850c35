/**
 * Reads a stream of chunks in the steps that a format wants: a look at its beginning, a line, a number of bytes, the rest.
 * Only what `peek` and `line` ask for is held in memory.
 */
export interface ByteReader {
  /** At least `count` bytes from the current position, fewer at the end; nothing is consumed. */
  peek(count: number): Promise<Buffer>;
  /** Up to the next newline, which is consumed and left out; undefined at the end. Lines above 64 KiB are cut off there. */
  line(): Promise<string | undefined>;
  take(count: number): AsyncGenerator<Buffer>;
  rest(): AsyncGenerator<Buffer>;
  position(): number;
}

const mostLineBytes = 64 * 1024;

export function createByteReader(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): ByteReader {
  const source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  let held: Buffer = Buffer.alloc(0);
  let ended = false;
  let position = 0;
  return { peek, line, take, rest, position: () => position };

  async function more(): Promise<boolean> {
    if (ended) return false;
    const { value, done } = await source.next();
    if (done === true) {
      ended = true;
      return false;
    }
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    return true;
  }

  async function peek(count: number): Promise<Buffer> {
    while (held.length < count && (await more()));
    return held;
  }

  function consume(count: number): Buffer {
    const taken = held.subarray(0, count);
    held = held.subarray(taken.length);
    position += taken.length;
    return taken;
  }

  async function line(): Promise<string | undefined> {
    let end = held.indexOf(10);
    while (end < 0 && held.length < mostLineBytes && (await more())) end = held.indexOf(10);
    if (end < 0 && held.length === 0) return undefined;
    const text = consume(end < 0 ? mostLineBytes : end).toString('latin1');
    if (end >= 0) consume(1);
    return text;
  }

  async function* take(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0 && (held.length > 0 || (await more()))) {
      const taken = consume(Math.min(left, held.length));
      left -= taken.length;
      if (taken.length > 0) yield taken;
    }
  }

  async function* rest(): AsyncGenerator<Buffer> {
    while (held.length > 0 || (await more())) {
      const taken = consume(held.length);
      if (taken.length > 0) yield taken;
    }
  }
}
