import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Request {
  prompt: string;
  [field: string]: unknown;
}
/** Answers one request in its own way; `count` is how many came before it. */
export type Handler = (request: Request, response: ServerResponse, count: number) => void | Promise<void>;

export interface AnswerServer {
  baseUrl: string;
  requests: Request[];
  /** The most requests that were in flight at once. */
  most(): number;
  running(): boolean;
  /** Cuts all connections, as a process does that dies. */
  die(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A real HTTP server of the contest's API on a free port. */
export async function startAnswerServer(handler: Handler): Promise<AnswerServer> {
  const requests: Request[] = [];
  const sockets = new Set<Socket>();
  let inFlight = 0;
  let most = 0;
  let running = true;
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = JSON.parse(await text(message)) as Request;
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.on('close', () => (inFlight -= 1));
    requests.push(request);
    await handler(request, response, requests.length - 1);
  };
  const server = createServer((message, response) => void handle(message, response));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const die = (): void => {
    running = false;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    most: () => most,
    running: () => running,
    die,
    [Symbol.asyncDispose]: async () => die(),
  };
}

/** The reply of a server that keeps to the API. */
export function reply(response: ServerResponse, answer: string): void {
  const body = { text: answer, tokens: [{ text: answer, logprob: -0.1, top_logprob: {} }], logprob: -0.1, request_time: 0.001 };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
}

/** The answer that the tests' servers give: decided by the prompt alone. */
export function answerTo(prompt: string): string {
  return ` answer to ${prompt.length}:${prompt.slice(-6)}`;
}

export const honest: Handler = ({ prompt }, response) => reply(response, answerTo(prompt));

/** Works on one question at a time, however many come. */
export function serial(latencyMs: number): Handler {
  let last: Promise<void> = Promise.resolve();
  return ({ prompt }, response) => {
    last = last.then(() => sleep(latencyMs)).then(() => reply(response, answerTo(prompt)));
    return last;
  };
}

export function parallel(latencyMs: number): Handler {
  return ({ prompt }, response) => sleep(latencyMs).then(() => reply(response, answerTo(prompt)));
}
