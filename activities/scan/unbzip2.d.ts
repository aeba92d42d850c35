/** The parts of unbzip2-stream below its own stream, which holds a whole block as an array of numbers and loses the end of small files. */
declare module 'unbzip2-stream/lib/bit_iterator.js' {
  export interface BitReader {
    (count: number): number;
    bytesRead: number;
  }
  const bitIterator: (nextBuffer: () => Uint8Array) => BitReader;
  export default bitIterator;
}

declare module 'unbzip2-stream/lib/bzip2.js' {
  import type { BitReader } from 'unbzip2-stream/lib/bit_iterator.js';
  const bzip2: {
    /** Size of the blocks, 1 to 9. */
    header(bits: BitReader): number;
    /** One block, byte by byte; the checksum up to here, or null at the stream's end. */
    decompress(bits: BitReader, put: (byte: number) => void, block: Int32Array, blockBytes: number, checksum: number): number | null;
  };
  export default bzip2;
}
