import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HelmAnswerServer {
  url: string;
  /** Prompts that were asked so far. */
  asked(): number;
  close(): Promise<void>;
}

/** Answers in the contest's API, always the same to the same prompt: the given text for "q<number>", else one of these. */
const otherAnswers = ['A', ' B', 'C', 'D', 'A.', 'b', '', ' ', 'Z', 'B\n\nQuestion', ' 1', 'Even', '\nOdd', 'Nothing.', ')) ]', 'x is red and big.'];

/** A server for helm-run's `neurips/local` model on a free port of the loopback interface; every prompt takes `latencyMs`, any number at once. */
export async function startHelmAnswerServer(answers: ReadonlyMap<number, string>, latencyMs = 0): Promise<HelmAnswerServer> {
  let asked = 0;
  const server = createServer((request, response) => {
    const isQuestion = request.url === '/process';
    if (isQuestion) asked += 1;
    void reply(request, response, answers, isQuestion ? latencyMs : 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}

async function reply(request: IncomingMessage, response: ServerResponse, answers: ReadonlyMap<number, string>, latencyMs: number): Promise<void> {
  const body = JSON.parse(await read(request)) as { prompt?: string; text?: string; tokens?: number[] };
  if (latencyMs > 0) await sleep(latencyMs);
  response.setHeader('content-type', 'application/json');
  if (request.url === '/tokenize') response.end(JSON.stringify({ tokens: [...(body.text ?? '')].map((character) => character.codePointAt(0)), request_time: 0.25 }));
  else if (request.url === '/decode') response.end(JSON.stringify({ text: String.fromCodePoint(...(body.tokens ?? [])), request_time: 0.25 }));
  else response.end(JSON.stringify(completion(body.prompt ?? '', answers)));
}

function completion(prompt: string, answers: ReadonlyMap<number, string>): object {
  const hash = createHash('sha256').update(prompt).digest();
  const number = [...prompt.matchAll(/q(\d+)/g)].at(-1)?.[1];
  const known = number === undefined ? undefined : answers.get(Number(number));
  const text = known ?? otherAnswers[hash.readUInt16BE(0) % otherAnswers.length] ?? '';
  const pieces = text.match(/\s*\S+\s*/g) ?? [];
  const tokens = pieces.map((piece, index) => ({ text: piece, logprob: -(hash[index % hash.length] ?? 1) / 97, top_logprob: {} }));
  return { text, tokens, logprob: tokens.reduce((sum, { logprob }) => sum + logprob, 0), request_time: (hash[3] ?? 0) / 1000 };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
