import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../../domain/index.ts';
import type { IndexFile } from './files.ts';
import { shown, Unreachable, type HttpAnswer, type HttpClient } from './http.ts';

export interface StreamedFile {
  sha256: string;
  sizeBytes: number;
}

/**
 * Passes a file on while it is hashed: never more than a few chunks in memory, and a connection that breaks is taken up where
 * it broke. The last chunk goes out only when the hash is right, so that no wrong file is ever complete. Throws Unreachable;
 * undefined where the client went away.
 */
export async function streamFile(client: HttpClient, file: IndexFile, response: ServerResponse, signal: AbortSignal): Promise<StreamedFile | undefined> {
  const hashes = hashesFor(file);
  let sizeBytes = 0;
  let held: Buffer | undefined;
  for await (const chunk of chunksOf(client, file, signal, (length) => start(response, length))) {
    if (response.destroyed) return undefined;
    for (const hash of hashes.values()) hash.update(chunk);
    sizeBytes += chunk.byteLength;
    if (held && !response.write(held)) await drained(response);
    held = chunk;
  }
  const values = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
  const wrong = Object.entries(file.hashes).find(([algorithm, value]) => values.has(algorithm) && values.get(algorithm) !== value);
  if (wrong) throw new Unreachable(`${shown(file.url)}: its ${wrong[0]} is ${values.get(wrong[0])}, and the index says ${wrong[1]}`);
  if (!response.headersSent) start(response, 0);
  response.end(held);
  return response.destroyed ? undefined : { sha256: values.get('sha256') as string, sizeBytes };
}

/** A part of a file, as clients ask for that read only the end of a wheel; no hash says whether a part is right. */
export async function streamPart(client: HttpClient, file: IndexFile, request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const answer = await client.get(file.url, { range: request.headers.range ?? '', 'accept-encoding': 'identity' }, { signal });
  const passed = ['content-range', 'content-length', 'content-type', 'accept-ranges'].flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, String(answer.headers[name])]]));
  response.writeHead(answer.status, Object.fromEntries(passed));
  for await (const chunk of answer.body as AsyncIterable<Buffer>) if (!response.write(chunk)) await drained(response);
  response.end();
}

/** The bytes of a file, over as many connections as it takes; each that brought something resets the count. */
export async function* chunksOf(client: HttpClient, file: IndexFile, signal: AbortSignal, onStart: (lengthBytes: number | undefined) => void = () => undefined): AsyncGenerator<Buffer> {
  let received = 0;
  let total: number | undefined;
  for (let failures = 0; ; ) {
    try {
      const answer = await client.get(file.url, { 'accept-encoding': 'identity', ...(received > 0 ? { range: `bytes=${received}-` } : {}) }, { signal, attempts: 1 });
      let skip = positioned(answer, received, file);
      if (received === 0) total = lengthOf(answer);
      if (received === 0 && failures === 0) onStart(total);
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - fresh.byteLength;
        received += fresh.byteLength;
        if (fresh.byteLength > 0) [failures] = [0, yield fresh];
      }
      if (total !== undefined && received < total) throw new Unreachable(`${shown(file.url)}: ended after ${received} of ${total} bytes`);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      if (error instanceof Refused || failures >= limits.indexAttempts) throw error instanceof Unreachable ? error : new Unreachable(`${shown(file.url)}: ${String(error)}`, { cause: error });
      await sleep(limits.indexRetryMs * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

/** An answer that another try does not change. */
class Refused extends Unreachable {}

/** How many bytes of an answer are known already: none of a part, all where the server does not give parts. */
function positioned({ status, body, headers }: HttpAnswer, received: number, file: IndexFile): number {
  if (received === 0 && status === 200) return 0;
  if (received > 0 && status === 200) return received;
  if (received > 0 && status === 206 && headers['content-range']?.startsWith(`bytes ${received}-`)) return 0;
  body.destroy();
  throw new Refused(`${shown(file.url)}: answered ${status}`);
}

function lengthOf({ headers }: HttpAnswer): number | undefined {
  return headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
}

function start(response: ServerResponse, lengthBytes: number | undefined): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', ...(lengthBytes === undefined ? {} : { 'content-length': lengthBytes }) });
}

/** SHA-256 always, for the lock; and what the index gives. */
function hashesFor(file: IndexFile): Map<string, Hash> {
  const algorithms = new Set(['sha256', ...Object.keys(file.hashes).filter((each) => ['sha512', 'sha384', 'sha1', 'md5'].includes(each))]);
  return new Map([...algorithms].map((algorithm) => [algorithm, createHash(algorithm)]));
}

/** Until the client has taken what was written, or went away. */
function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
