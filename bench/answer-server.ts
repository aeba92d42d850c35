/** `node answer-server.ts LATENCY_MS serial|parallel`: a deterministic server of the contest's API; prints its port. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const latencyMs = Number(process.argv[2] ?? 0);
const isSerial = process.argv[3] !== 'parallel';
let last: Promise<void> = Promise.resolve();

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt } = JSON.parse(await text(message)) as { prompt: string };
  const work = (): Promise<void> => (latencyMs > 0 ? sleep(latencyMs) : Promise.resolve());
  if (isSerial) await (last = last.then(work));
  else await work();
  const reply = ` ${prompt.length % 97}`;
  const token = { text: reply, logprob: -0.5, top_logprob: { [reply]: -0.5 } };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ text: reply, tokens: [token], logprob: -0.5, request_time: latencyMs / 1_000 }));
}

const server = createServer((message, response) => void answer(message, response));
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
