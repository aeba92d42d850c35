import type { Container } from 'dockerode';
import { onEngine } from './errors.ts';

export interface LogEntry {
  /** RFC 3339 with nine digits of a second, as the engine stamps it. */
  at: string;
  /** One line or, of a line over 16 KiB, one part; `ends` says whether the line ends here. */
  text: string;
  ends: boolean;
  /** 1 is stdout, 2 stderr. */
  stream: number;
}

/**
 * The container's log from `sinceSeconds` (Unix time) on, followed until the container ends. It waits for its reader, so that a
 * container that writes faster than the store takes costs no memory.
 */
export async function* containerLog(container: Container, sinceSeconds: number | undefined, signal?: AbortSignal): AsyncGenerator<LogEntry> {
  const stream = await onEngine('following the container log', () =>
    container.logs({
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      ...(sinceSeconds === undefined ? {} : { since: sinceSeconds }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    }),
  );
  for await (const frame of taggedFramesOf(stream as AsyncIterable<Buffer>)) yield entryOf(frame);
}

/** Payloads of the engine's multiplexed stream: 1 byte kind, 3 bytes 0, 4 bytes length, payload (Engine API, "Stream format"). */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { payload } of taggedFramesOf(chunks)) yield payload;
}

interface Frame {
  stream: number;
  payload: Buffer;
}

async function* taggedFramesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let offset = 0;
    while (rest.length - offset >= 8 && rest.length - offset >= 8 + rest.readUInt32BE(offset + 4)) {
      const end = offset + 8 + rest.readUInt32BE(offset + 4);
      yield { stream: rest[offset] ?? 1, payload: rest.subarray(offset + 8, end) };
      offset = end;
    }
    rest = rest.subarray(offset);
  }
}

function entryOf({ stream, payload }: Frame): LogEntry {
  const content = payload.toString('utf8');
  const space = content.indexOf(' ');
  const ends = content.endsWith('\n');
  return { at: content.slice(0, space), text: content.slice(space + 1, ends ? -1 : undefined), ends, stream };
}
