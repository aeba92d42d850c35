import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ChatCall {
  model: string;
  authorization: string | undefined;
  system: string;
  user: string;
}

export interface JudgeServer {
  baseUrl: string;
  calls: ChatCall[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A real HTTP server of the chat API whose model is a function. */
export async function startJudgeServer(reply: (call: ChatCall, response: ServerResponse, count: number) => string | undefined): Promise<JudgeServer> {
  const calls: ChatCall[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { model, messages } = JSON.parse(await text(request)) as { model: string; messages: { content: string }[] };
    const call = { model, authorization: request.headers.authorization, system: messages[0]?.content ?? '', user: messages[1]?.content ?? '' };
    calls.push(call);
    const content = reply(call, response, calls.length - 1);
    if (content === undefined) return;
    const usage = { prompt_tokens: 100, completion_tokens: 10 };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }], usage }));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
