import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as requestPlain, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pipedFile, readAheadBytes } from '../../../activities/io/file-portions.ts';
import { openAuthority } from '../../../activities/record/authority.ts';

/** More portions than there are buffers, and a shorter one. */
const bytes = randomBytes(9 * readAheadBytes + 5);
let directory: string;
let path: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-portions-'));
  path = join(directory, 'body');
  await writeFile(path, bytes);
});
afterAll(() => rm(directory, { recursive: true }));

/** Takes little at a time, so that the sender has to wait with a portion in hand. */
const answerHash: RequestListener = async (request, response) => {
  const hash = createHash('sha256');
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    await turn();
  }
  response.end(hash.digest('hex'));
};

it.each<[string, () => Promise<Server>, typeof requestPlain]>([
  ['plain HTTP', async () => createServer(answerHash), requestPlain],
  ['TLS', tlsServer, requestTls],
])('sends a file as it is out of a few buffers, over %s', async (_how, open, request) => {
  const server = (await open()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ host: '127.0.0.1', port, method: 'PUT', headers: { 'content-length': bytes.length }, servername: 'upstream', rejectUnauthorized: false } as object);
    const [[answer]] = await Promise.all([once(outgoing, 'response') as Promise<[IncomingMessage]>, pipeline(pipedFile(path, turn), outgoing)]);
    expect(await textOf(answer)).toBe(createHash('sha256').update(bytes).digest('hex'));
  } finally {
    server.close();
  }
});

it('lets go of the file where nobody takes the rest', async () => {
  const stream = pipedFile(path, undefined);
  const [first] = (await once(stream, 'data')) as [Buffer];
  expect(first.equals(bytes.subarray(0, readAheadBytes))).toBe(true);
  stream.destroy();
  await once(stream, 'close');
});

async function tlsServer(): Promise<Server> {
  const authority = await openAuthority(join(directory, 'authority.pem'));
  const context = await authority.contextFor('127.0.0.1');
  const server = createTlsServer({ SNICallback: (_name, done) => done(null, context) }, answerHash);
  return server as unknown as Server;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
