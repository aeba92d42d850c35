import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../domain/random.ts';

type Behaviour = 'well' | 'failing' | 'slow' | 'refusing';

export interface StoreProxy {
  /** What happens to requests from now on. */
  behave(how: Behaviour): void;
}

/** Stands between everybody and the object store, and hands out errors: before the request is carried out, or after it. */
export async function startStoreProxy(port: number, storePort: number, random: Random): Promise<StoreProxy> {
  let how: Behaviour = 'well';
  const server = createServer((request, response) => void pass(request, response, how, random, storePort));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { behave: (next) => (how = next) };
}

async function pass(request: IncomingMessage, response: ServerResponse, how: Behaviour, random: Random, port: number): Promise<void> {
  if (how === 'slow') await sleep(200 + random() * 3_000);
  const fate = how === 'failing' ? random() : how === 'refusing' ? 0 : 1;
  if (fate < 0.5) return refuse(request, response);
  const outgoing = send({ port, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers }, (answer) => {
    // Carried out, and the answer lost: whoever asks again must find that out.
    if (fate < 0.75) return void (answer.resume(), response.destroy());
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(500, { 'content-type': 'application/xml' });
  response.end('<Error><Code>InternalError</Code><Message>chaos</Message></Error>');
}
