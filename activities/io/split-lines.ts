/** The lines of a text in portions, without their ends; nothing comes of an end that no text follows. `hold` may refuse a line that grows too long. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, hold: (lineBytes: number, line: number) => void = () => undefined): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let [heldBytes, line] = [0, 1];
  const keep = (bytes: Uint8Array): void => {
    heldBytes += bytes.length;
    hold(heldBytes, line);
    held.push(bytes);
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      keep(chunk.subarray(from, at));
      yield joined(held);
      [held, heldBytes, line, from] = [[], 0, line + 1, at + 1];
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (heldBytes > 0) yield joined(held);
}

/** Most lines stand in one portion, and need no copy. */
export function joined(pieces: readonly Uint8Array[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only ? Buffer.from(only.buffer, only.byteOffset, only.byteLength) : Buffer.concat(pieces);
}
