import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../domain/index.ts';
import type { Spool } from './spool.ts';

/** Whoever asked went away, and too much was left to be fetched for nobody. */
export class AskerGone extends Error {}

/**
 * Brings an answer's body to who asked and into the spool. Throws AskerGone, what ended the answer early, and what the spool throws.
 */
export async function copied(answer: IncomingMessage, response: ServerResponse, spool: Spool, expectedBytes: number | undefined): Promise<void> {
  response.on('error', () => undefined); // An asker that goes away is seen by `destroyed`.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const writing = spool.write(chunk);
    if (writing) await writing;
    if (response.destroyed) {
      const left = (expectedBytes ?? Infinity) - spool.sizeBytes();
      if (left > limits.recordAbandonedBytes) throw new AskerGone();
    } else if (!response.write(chunk)) await drained(response);
  }
  // A body that a server ends early ends the stream with an error only where the connection breaks off.
  if (expectedBytes !== undefined && spool.sizeBytes() !== expectedBytes) {
    throw new Error(`the answer ended after ${spool.sizeBytes()} of ${expectedBytes} bytes`);
  }
}

/** Resolves when more may be written, or nobody takes it any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
