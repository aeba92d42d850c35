/** A part of a content with its surroundings: keywords are looked for in [from, to), everything else is context. */
export interface Window {
  bytes: Buffer;
  from: number;
  to: number;
  /** Offset of bytes[0] in the content. */
  base: number;
}

const windowBytes = 1024 * 1024;
const spare: Buffer[] = [];

/**
 * Cuts a stream into windows that overlap by `reachBytes` to both sides, so that a token over a chunk border is seen whole and
 * exactly once. Memory is one window however long the stream. A window's bytes are valid until the next is asked for.
 */
export async function* windowsOf(chunks: AsyncIterable<Buffer>, reachBytes: number): AsyncGenerator<Window> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const second = await iterator.next();
  if (second.done === true && first.value.length <= windowBytes) {
    yield { bytes: first.value, from: 0, to: first.value.length, base: 0 };
    return;
  }
  yield* slide(rejoined(first.value, second, iterator), reachBytes);
}

async function* slide(chunks: AsyncIterable<Buffer>, reachBytes: number): AsyncGenerator<Window> {
  const buffer = spare.pop() ?? Buffer.allocUnsafe(windowBytes + 2 * reachBytes);
  const state = { filled: 0, from: 0, base: 0 };
  try {
    for await (const chunk of chunks) {
      for (let taken = 0; taken < chunk.length; ) {
        const copied = chunk.copy(buffer, state.filled, taken);
        taken += copied;
        state.filled += copied;
        if (state.filled < buffer.length) continue;
        const to = state.filled - reachBytes;
        yield { bytes: buffer, from: state.from, to, base: state.base };
        shift(buffer, state, to, reachBytes);
      }
    }
    yield { bytes: buffer.subarray(0, state.filled), from: state.from, to: state.filled, base: state.base };
  } finally {
    if (spare.length < 8) spare.push(buffer);
  }
}

function shift(buffer: Buffer, state: { filled: number; from: number; base: number }, to: number, reachBytes: number): void {
  const kept = to - reachBytes;
  buffer.copyWithin(0, kept, state.filled);
  state.base += kept;
  state.filled -= kept;
  state.from = reachBytes;
}

async function* rejoined(first: Buffer, second: IteratorResult<Buffer>, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = second; next.done !== true; next = await rest.next()) yield next.value;
}
