import type { Place, Spool } from './spool.ts';

/** A long text that is written once and read from its beginning, as often as needed. */
export interface SpoolText {
  write(text: string): void;
  /** What was written so far. */
  portions(): AsyncGenerator<Buffer>;
}

const portionBytes = 128 * 1024;

export function startSpoolText(spool: Spool): SpoolText {
  const places: Place[] = [];
  const waiting = Buffer.alloc(portionBytes);
  let waitingBytes = 0;
  const flush = (): void => {
    if (waitingBytes > 0) places.push(spool.append(waiting.subarray(0, waitingBytes)));
    waitingBytes = 0;
  };
  return {
    write(text) {
      const sizeBytes = Buffer.byteLength(text);
      if (waitingBytes + sizeBytes > portionBytes) flush();
      if (sizeBytes > portionBytes) places.push(spool.appendText(text));
      else waitingBytes += waiting.write(text, waitingBytes);
    },
    async *portions() {
      flush();
      for (const place of places) yield spool.read(place);
    },
  };
}
