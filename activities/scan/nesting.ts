import { limits } from '../../domain/index.ts';
import type { Place } from './bytes.ts';
import type { ScanSession } from './session.ts';

/** Bytes with a name: a file, an entry of an archive, an object of a repository. */
export interface Content extends Place {
  /** How many archives are around it. */
  depth: number;
  budget: Budget;
}

/** What is left for one file with everything that it nests; shared by its parts. */
export interface Budget {
  entries: number;
  unpackedBytes: number;
}

/** Scans what was unpacked as any other content; given to the readers of formats, which it calls in turn. */
export type ScanInner = (session: ScanSession, content: Content, chunks: AsyncIterable<Uint8Array>) => Promise<Set<string>>;

/** A file, before anything is unpacked from it. */
export function outermost(path: string, around: readonly string[] = []): Content {
  return { path, within: around, depth: 0, budget: { entries: limits.scanEntries, unpackedBytes: limits.scanUnpackedBytes } };
}

/** Passes a stream on while the budget lasts; beyond it, says so and ends. `packedBytes` tells what the bytes came from. */
export async function* metered(
  session: ScanSession,
  content: Content,
  chunks: AsyncIterable<Uint8Array>,
  packedBytes: () => number,
): AsyncGenerator<Buffer> {
  let unpacked = 0;
  for await (const chunk of chunks) {
    unpacked += chunk.length;
    content.budget.unpackedBytes -= chunk.length;
    const bomb = unpacked > limits.scanRatioFromBytes && unpacked > packedBytes() * limits.scanRatio;
    if (bomb || content.budget.unpackedBytes < 0) {
      const what = bomb ? `more than ${limits.scanRatio} times its packed size` : `more than ${limits.scanUnpackedBytes} bytes in all`;
      session.skip(content.path, content.within, `decompression bomb: unpacks to ${what}; read up to there`);
      return;
    }
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

/** Whether one more entry may be read; says once where the limit was. */
export function takeEntry(session: ScanSession, content: Content): boolean {
  content.budget.entries -= 1;
  if (content.budget.entries >= 0) return true;
  session.skip(content.path, content.within, `more than ${limits.scanEntries} entries; the others were not read`);
  return false;
}

/** The content of an entry of an archive. */
export function within(content: Content, name: string): Content {
  return { ...content, within: [...content.within, name], depth: content.depth + 1 };
}

/** Adds the members of one set to another. */
export function addAll(target: Set<string>, members: ReadonlySet<string>): void {
  for (const member of members) target.add(member);
}
