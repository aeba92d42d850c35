import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type AskOutcome, createAsk, type Speaks } from '../../../activities/evaluate/ask.ts';
import { GenerationSettings } from '../../../domain/index.ts';

type Handler = (body: Record<string, unknown>, response: ServerResponse) => void;
interface Heard {
  path: string;
  body: Record<string, unknown>;
}

const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
const completion: Handler = (_body, response) => void response.end(JSON.stringify({ choices: [{ index: 0, text: ' 4', finish_reason: 'stop' }], usage }));
const chat: Handler = (_body, response) => void response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: '4' } }], usage }));
const models: Handler = (_body, response) => void response.end(JSON.stringify({ object: 'list', data: [{ id: 'small-model' }] }));

const picky: Handler = (body, response) => {
  if (String(body['prompt']).length <= 2) completion(body, response);
  else response.writeHead(400).end('{"error":{"message":"maximum context length"}}');
};

async function asked(handlers: Record<string, Handler>, speaks: Speaks, prompts: string[] = ['2 + 2 = '], examples?: [number, number][], logprobs?: true): Promise<{ outcomes: AskOutcome[]; heard: Heard[] }> {
  const heard: Heard[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await text(request);
    const body = raw === '' ? {} : (JSON.parse(raw) as Record<string, unknown>);
    heard.push({ path: `${request.method} ${request.url}`, body });
    const handler = handlers[request.url ?? ''];
    if (handler) handler(body, response);
    else response.writeHead(404).end('{"error":{"message":"not found"}}');
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createAsk(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { questionTimeoutMs: 2_000, replyBytes: 1_000_000 }, speaks);
  const generation = GenerationSettings.parse({ maxNewTokens: 4, stop: ['a', 'b', 'c', 'd', 'e'], seed: 3 });
  const outcomes: AskOutcome[] = [];
  for (const prompt of prompts) {
    outcomes.push(await client.ask({ id: prompt, prompt, generation, ...(logprobs ? { logprobs } : {}), ...(examples ? { window: { tokens: 2_048, examples } } : {}) }, new AbortController().signal));
  }
  client.close();
  server.closeAllConnections();
  server.close();
  return { outcomes, heard };
}

const settings = { model: 'small-model', max_tokens: 4, temperature: 1e-7, n: 1, stream: false, seed: 3, stop: ['a', 'b', 'c', 'd'] };

describe('a server with OpenAI’s API', () => {
  it('is asked for completions, the model found once', async () => {
    const { outcomes, heard } = await asked({ '/v1/models': models, '/v1/completions': completion }, { api: 'openai-completions' }, ['2 + 2 = ', '3 + 1 = ']);
    expect(heard.map(({ path }) => path)).toEqual(['GET /v1/models', 'POST /v1/completions', 'POST /v1/completions']);
    expect(heard[1]?.body).toEqual({ ...settings, prompt: '2 + 2 = ' });
    expect(outcomes[0]).toMatchObject({ kind: 'answered', text: ' 4', deviations: [] });
  });

  it('is asked for a chat, with the model that the manifest names', async () => {
    const { outcomes, heard } = await asked({ '/v1/chat/completions': chat }, { api: 'openai-chat', model: 'mine' });
    expect(heard.map(({ body }) => body)).toEqual([{ ...settings, model: 'mine', messages: [{ role: 'user', content: '2 + 2 = ' }] }]);
    expect(outcomes[0]).toMatchObject({ kind: 'answered', text: '4', deviations: [] });
  });

  it('may list no models', async () => {
    const { heard } = await asked({ '/v1/completions': completion }, { api: 'openai-completions' });
    expect(heard.at(-1)?.body['model']).toBe('default');
  });

  it('gets a prompt with one example less for as long as it refuses it', async () => {
    const { outcomes, heard } = await asked({ '/v1/completions': picky }, { api: 'openai-completions', model: 'm' }, ['aabbq?'], [[0, 2], [2, 4]]);
    expect(heard.map(({ body }) => body['prompt'])).toEqual(['aabbq?', 'aaq?', 'q?']);
    expect(outcomes[0]).toMatchObject({ kind: 'answered', deviations: ['examples-dropped'] });
  });

  it.each<[string, Handler, Partial<Extract<AskOutcome, { kind: 'failed' }>>]>([
    ['no choices', (_body, response) => void response.end('{"choices":[]}'), { reason: 'no-text', retryable: false }],
    ['no text', (_body, response) => void response.end('{"choices":[{"text":null}]}'), { reason: 'no-text' }],
    ['an overload', (_body, response) => void response.writeHead(429).end('{}'), { reason: 'http-400', retryable: true, overloaded: true }],
    ['a refusal', (_body, response) => void response.writeHead(400).end('{}'), { reason: 'http-400', retryable: false }],
    ['an error', (_body, response) => void response.writeHead(500).end('{}'), { reason: 'http-500', retryable: true }],
    ['no JSON', (_body, response) => void response.end('<html>'), { reason: 'not-json' }],
  ])('that answers with %s has failed', async (_what, handler, expected) => {
    const { outcomes } = await asked({ '/v1/completions': handler }, { api: 'openai-completions', model: 'm' });
    expect(outcomes[0]).toMatchObject({ kind: 'failed', ...expected });
  });

  it('says how many tokens it generated', async () => {
    const { outcomes } = await asked({ '/v1/completions': (_body, response) => void response.end('{"choices":[{"text":"4"}],"usage":{"completion_tokens":3}}') }, { api: 'openai-completions', model: 'm' });
    expect(outcomes[0]).toMatchObject({ text: '4', tokens: 3, deviations: [] });
  });

  it('that says nothing of its tokens is answered, which is recorded', async () => {
    const { outcomes } = await asked({ '/v1/completions': (_body, response) => void response.end('{"choices":[{"text":"4"}]}') }, { api: 'openai-completions', model: 'm' });
    expect(outcomes[0]).toMatchObject({ kind: 'answered', deviations: ['usage-missing'] });
  });
});

describe('log-probabilities, where a metric needs them', () => {
  const said = { tokens: [' 4', '!'], token_logprobs: [-0.5, -0.25] };
  const content = [{ token: ' 4', logprob: -0.5 }, { token: '!', logprob: -0.25 }];
  const withLogprobs: Handler = (_body, response) => void response.end(JSON.stringify({ choices: [{ text: ' 4!', logprobs: said, message: { content: ' 4!' } }], usage }));
  const chatWithLogprobs: Handler = (_body, response) => void response.end(JSON.stringify({ choices: [{ message: { content: ' 4!' }, logprobs: { content } }], usage }));
  const refusing = (status: number): Handler => (body, response) => {
    if ('logprobs' in body) response.writeHead(status).end('{"error":{"message":"unknown field logprobs"}}');
    else completion(body, response);
  };
  const ask = (handler: Handler, prompts?: string[], examples?: [number, number][]) => asked({ '/v1/completions': handler }, { api: 'openai-completions', model: 'm' }, prompts, examples, true);

  it.each<[Speaks['api'], string, Handler, object]>([
    ['openai-completions', '/v1/completions', withLogprobs, { logprobs: 1 }],
    ['openai-chat', '/v1/chat/completions', chatWithLogprobs, { logprobs: true, top_logprobs: 1 }],
  ])('are asked of %s', async (api, path, handler, option) => {
    const { outcomes, heard } = await asked({ [path]: handler }, { api, model: 'm' }, undefined, undefined, true);
    expect(heard[0]?.body).toMatchObject(option);
    expect(outcomes[0]).toMatchObject({ kind: 'answered', deviations: [], logprob: -0.75, tokenLogprobs: { count: 2, sum: -0.75, bytes: 3 } });
  });

  it.each([400, 422, 501])('are done without where a server refuses the option with %d, which is recorded and not tried again', async (status) => {
    const { outcomes, heard } = await ask(refusing(status), ['a', 'b']);
    expect(heard.map(({ body }) => [body['prompt'], 'logprobs' in body])).toEqual([['a', true], ['a', false], ['b', false]]);
    expect(outcomes).toMatchObject([{ kind: 'answered', text: ' 4', deviations: ['logprobs-refused'] }, { kind: 'answered', deviations: ['logprobs-refused'] }]);
    expect(outcomes[0]).not.toHaveProperty('logprob');
  });

  it('are asked for again with a shorter prompt, where it was the prompt that was refused', async () => {
    const { outcomes, heard } = await ask((body, response) => (String(body['prompt']).length > 2 ? picky(body, response) : withLogprobs(body, response)), ['aaq?'], [[0, 2]]);
    expect(heard.map(({ body }) => [body['prompt'], 'logprobs' in body])).toEqual([['aaq?', true], ['aaq?', false], ['q?', true]]);
    expect(outcomes[0]).toMatchObject({ deviations: ['examples-dropped'], logprob: -0.75 });
  });

  it.each<[string, unknown]>([['nothing', undefined], ['null', null], ['another form', { content: 'x' }], ['a gap', { tokens: ['a'], token_logprobs: [null] }]])('are missing where the server says %s of them', async (_what, logprobs) => {
    const { outcomes } = await ask((_body, response) => void response.end(JSON.stringify({ choices: [{ text: ' 4', logprobs }], usage })));
    expect(outcomes[0]).toMatchObject({ kind: 'answered', deviations: ['logprob-missing'] });
    expect(outcomes[0]).not.toHaveProperty('tokenLogprobs');
  });

  it('are not asked for where no metric needs them', async () => {
    const { heard } = await asked({ '/v1/completions': withLogprobs }, { api: 'openai-completions', model: 'm' });
    expect(heard[0]?.body).not.toHaveProperty('logprobs');
  });
});
