import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Transform, type Readable } from 'node:stream';

/** A request's body on its way. */
export interface MeasuredBody {
  stream: Readable;
  /** Of what has passed; the body's once it has ended. */
  sha256(): string;
}

/** Undefined where a request has none. What a build sends is not kept, only by which hash it is known again. */
export function measuredBody(request: IncomingMessage): MeasuredBody | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return undefined;
  const hash = createHash('sha256');
  let digest: string | undefined;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  request.on('error', (error) => stream.destroy(error));
  request.pipe(stream);
  return { stream, sha256: () => (digest ??= hash.digest('hex')) };
}
