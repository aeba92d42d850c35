import type { Place, Spool } from './spool.ts';

/** A long text that is written once and read from its beginning, as often as needed. */
export interface SpoolText {
  write(text: string): void;
  /** What was written so far. */
  portions(): AsyncGenerator<Buffer>;
}

const portionBytes = 256 * 1024;

export function startSpoolText(spool: Spool): SpoolText {
  const places: Place[] = [];
  let [waiting, waitingBytes]: [Buffer[], number] = [[], 0];
  const flush = (): void => {
    if (waitingBytes > 0) places.push(spool.append(Buffer.concat(waiting)));
    [waiting, waitingBytes] = [[], 0];
  };
  return {
    write(text) {
      const bytes = Buffer.from(text);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= portionBytes) flush();
    },
    async *portions() {
      flush();
      for (const place of places) yield spool.read(place);
    },
  };
}
