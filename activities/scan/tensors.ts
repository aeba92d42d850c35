import { scanBytes } from './bytes.ts';
import type { Content } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

const largestHeaderBytes = 100_000_000;

/**
 * Scans the header of a safetensors file (names and metadata) and whatever stands behind the last tensor; the tensors
 * themselves are numbers and are passed over.
 */
export async function scanTensors(session: ScanSession, content: Content, reader: ByteReader): Promise<Set<string>> {
  const headerBytes = Number((await reader.peek(8)).readBigUInt64LE(0));
  const head = (await reader.peek(8 + headerBytes)).subarray(0, 8 + headerBytes);
  const tensorBytes = headerBytes <= largestHeaderBytes ? endOfTensors(head.toString('utf8', 8)) : undefined;
  if (tensorBytes === undefined) return scanBytes(session, content, reader.rest());
  async function* withoutTensors(): AsyncGenerator<Buffer> {
    yield* reader.take(8 + headerBytes);
    for await (const skipped of reader.take(tensorBytes ?? 0)) void skipped;
    yield* reader.rest();
  }
  return scanBytes(session, content, withoutTensors());
}

/** The largest end of `data_offsets`; undefined where the header is not what the format says. */
function endOfTensors(header: string): number | undefined {
  try {
    const parsed = JSON.parse(header) as Record<string, { data_offsets?: [number, number] }>;
    const end = Object.values(parsed).reduce((largest, tensor) => Math.max(largest, tensor.data_offsets?.[1] ?? 0), 0);
    return Number.isSafeInteger(end) ? end : undefined;
  } catch {
    return undefined; // scanned as bytes
  }
}
