import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { statusOf } from './s3-errors.ts';

const attempts = 4;

/** Sends a body that is a stream, which the SDK cannot repeat: it is opened again where the connection broke or the server failed. */
export async function sendReopening<Result>(open: () => Readable, send: (stream: Readable) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const stream = open();
    try {
      return await send(stream);
    } catch (error) {
      const status = statusOf(error);
      if (attempt === attempts || (status !== undefined && status < 500)) throw error;
      await wait(100 * 3 ** attempt);
    } finally {
      stream.destroy();
    }
  }
}
