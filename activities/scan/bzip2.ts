import bitIterator from 'unbzip2-stream/lib/bit_iterator.js';
import decoder from 'unbzip2-stream/lib/bzip2.js';

const partBytes = 64 * 1024;
const unitBytes = 100_000;
/** A block is never longer than what it holds by more than this. */
const overheadBytes = 25_000;

/** What bzip2 streams, one behind the other, unpack to, block by block; throws where one is broken. */
export async function* bunzip2(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = chunks[Symbol.asyncIterator]();
  const held: Buffer[] = [];
  let received = 0;
  const more = async (): Promise<boolean> => {
    const { value, done } = await source.next();
    if (done === true) return false;
    held.push(Buffer.from(value));
    received += value.length;
    return true;
  };
  if (!(await more())) return;
  const bits = bitIterator(() => held.shift() ?? fail());
  const fill = async (count: number): Promise<boolean> => {
    while (received - bits.bytesRead < count) if (!(await more())) break;
    return received > bits.bytesRead;
  };
  while (await fill(4)) {
    const blockBytes = decoder.header(bits) * unitBytes;
    const block = new Int32Array(blockBytes);
    for (let checksum: number | null = 0; checksum !== null; ) {
      await fill(blockBytes + overheadBytes);
      const collector = createCollector();
      checksum = decoder.decompress(bits, collector.put, block, blockBytes, checksum);
      yield* collector.parts();
    }
  }
}

/** Bytes one by one into parts: a block of zeros unpacks to 46 MB. */
function createCollector(): { put: (byte: number) => void; parts: () => Buffer[] } {
  const full: Buffer[] = [];
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  return {
    put(byte) {
      part[filled] = byte;
      filled += 1;
      if (filled < partBytes) return;
      full.push(part);
      part = Buffer.allocUnsafe(partBytes);
      filled = 0;
    },
    parts: () => [...full, part.subarray(0, filled)],
  };
}

function fail(): never {
  throw new Error('it ends within a block');
}
