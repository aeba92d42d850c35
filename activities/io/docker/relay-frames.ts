import { Duplex } from 'node:stream';
import { framesOf } from './frames.ts';

/** Many connections over the one stream that the engine gives to a relay's container; its other end is relay-program.ts. */
export interface Multiplexer {
  /** Opens a connection to what the relay dials. */
  connect(): Duplex;
  /** Resolves when the relay has said its first word; rejects where it ends without. */
  ready: Promise<void>;
  /** Resolves when the stream has ended; every connection is then broken. */
  ended: Promise<void>;
}

const kinds = { open: 0, data: 1, end: 2, reset: 3, credit: 4 } as const;

/**
 * Bytes under way to the container in each connection: one that nobody reads holds up no other, and costs no more memory. At half of it
 * a download takes half as long again, for its bytes wait for the way back; the relay has room for every connection that it takes.
 */
const windowBytes = 524_288;
const headerBytes = 9;

interface Channel {
  duplex: Duplex;
  received(data: Buffer): void;
  credited(bytes: number): void;
}

/** Speaks frames over an attached stream. `onConnection` is called for each connection that the relay accepts. */
export function multiplex(stream: Duplex, onConnection?: (connection: Duplex) => void): Multiplexer {
  const channels = new Map<number, Channel>();
  const ready = Promise.withResolvers<void>();
  let nextId = 1;
  const send = (kind: number, id: number, value = 0, data?: Buffer): void => void stream.write(data ? Buffer.concat([header(kind, id, value), data]) : header(kind, id, value));
  const open = (id: number): Duplex => {
    const channel = channelOf(id, send, () => channels.delete(id));
    channels.set(id, channel);
    return channel.duplex;
  };
  const take = (kind: number, id: number, value: number, data: Buffer): void => {
    if (kind === kinds.open && id === 0) return ready.resolve();
    if (kind === kinds.open) return onConnection?.(open(id));
    const channel = channels.get(id);
    if (kind === kinds.data) channel?.received(data);
    else if (kind === kinds.credit) channel?.credited(value);
    else if (kind === kinds.end) channel?.duplex.push(null);
    else if (kind === kinds.reset) channel?.duplex.destroy(reset());
  };
  const ended = follow(stream, take).finally(() => {
    ready.reject(new Error('the relay ended before it was ready'));
    for (const { duplex } of channels.values()) duplex.destroy(reset());
  });
  ready.promise.catch(() => undefined);
  return {
    ready: ready.promise,
    ended,
    connect() {
      const id = nextId;
      nextId += 1;
      const duplex = open(id);
      if (stream.destroyed) duplex.destroy(reset());
      else send(kinds.open, id);
      return duplex;
    },
  };
}

function channelOf(id: number, send: (kind: number, id: number, value?: number, data?: Buffer) => void, forget: () => void): Channel {
  let credit: number = windowBytes;
  let unread = 0;
  let waiting: { data: Buffer; done: () => void } | undefined;
  const drain = (): void => {
    if (!waiting || credit === 0) return;
    const { data, done } = waiting;
    const part = data.subarray(0, credit);
    credit -= part.length;
    send(kinds.data, id, part.length, part);
    waiting = part.length === data.length ? undefined : { data: data.subarray(part.length), done };
    if (!waiting) done();
  };
  const acknowledge = (): void => {
    if (unread > 0) send(kinds.credit, id, unread);
    unread = 0;
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: acknowledge,
    write(data: Buffer, _encoding, done) {
      waiting = { data, done };
      drain();
    },
    final(done) {
      send(kinds.end, id);
      done();
    },
    destroy(error, done) {
      forget();
      // One that both sides have ended is still to be written out by the relay.
      if (!duplex.readableEnded || !duplex.writableFinished) send(kinds.reset, id);
      done(error);
    },
  });
  return {
    duplex,
    received(data) {
      unread += data.length;
      if (duplex.push(data)) acknowledge();
    },
    credited(bytes) {
      credit += bytes;
      drain();
    },
  };
}

/** Reads frames until the stream ends, however it ends. */
async function follow(stream: Duplex, take: (kind: number, id: number, value: number, data: Buffer) => void): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const payload of framesOf(stream as AsyncIterable<Buffer>)) {
      rest = rest.length === 0 ? payload : Buffer.concat([rest, payload]);
      let offset = 0;
      for (;;) {
        if (rest.length - offset < headerBytes) break;
        const [kind, value] = [rest.readUInt8(offset), rest.readUInt32BE(offset + 5)];
        const end = offset + headerBytes + (kind === kinds.data ? value : 0);
        if (rest.length < end) break;
        take(kind, rest.readUInt32BE(offset + 1), value, rest.subarray(offset + headerBytes, end));
        offset = end;
      }
      rest = rest.subarray(offset);
    }
  } catch {
    // A broken stream is an ended one: whoever uses a connection is told by it.
  }
}

function header(kind: number, id: number, value: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(id, 1);
  bytes.writeUInt32BE(value, 5);
  return bytes;
}

function reset(): Error {
  return Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
}
