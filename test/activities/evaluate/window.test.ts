import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type AskOutcome, createAsk } from '../../../activities/evaluate/ask.ts';
import type { Inquiry } from '../../../activities/evaluate/plan.ts';
import { GenerationSettings } from '../../../domain/index.ts';
import { reply } from './answer-server.ts';

type Body = Record<string, unknown>;
type Paths = Record<string, (body: Body, response: ServerResponse) => void>;
const unknown = (_body: Body, response: ServerResponse): void => void response.writeHead(404).end('{"detail":"Not Found"}');
const send = (value: unknown) => (_body: Body, response: ServerResponse): void => void response.end(JSON.stringify(value));

const words = (text: unknown): string[] => String(text).match(/\s*\S+|\s+$/g) ?? [];

/** A server whose tokens are words; what `paths` says goes before. */
async function asked(paths: Paths, inquiry: Partial<Inquiry>): Promise<{ outcome: AskOutcome; requests: [path: string, body: Body][] }> {
  const requests: [string, Body][] = [];
  const dictionary: string[] = [];
  const all: Paths = {
    '/process': ({ prompt }, response) => reply(response, `saw ${words(prompt).length}`),
    '/tokenize': ({ text, truncation, max_length: most }, response) => {
      const tokens = words(text).map((word) => dictionary.push(word) - 1);
      response.end(JSON.stringify({ tokens: truncation === true ? tokens.slice(0, Number(most)) : tokens, request_time: 0 }));
    },
    '/decode': ({ tokens }, response) => void response.end(JSON.stringify({ text: (tokens as number[]).map((token) => dictionary[token]).join(''), request_time: 0 })),
    ...paths,
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await json(request)) as Body;
    requests.push([request.url ?? '', body]);
    (all[request.url ?? ''] ?? unknown)(body, response);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createAsk(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { questionTimeoutMs: 2_000, replyBytes: 1_000_000 });
  const generation = GenerationSettings.parse({ maxNewTokens: 4 });
  const outcome = await client.ask({ id: 'q', prompt, generation, ...inquiry }, new AbortController().signal);
  client.close();
  server.closeAllConnections();
  server.close();
  return { outcome, requests };
}

// Two examples of five words and a question of three.
const prompt = 'one two three four five\nsix seven eight nine ten\nwhat is it';
const examples: [number, number][] = [[0, 24], [24, 49]];
const paths = (requests: [string, Body][]): string[] => requests.map(([path]) => path);

describe('a prompt with a window', () => {
  it.each<[string, number, string, string[]]>([
    ['stays whole where it fits', 20, 'saw 13', []],
    ['loses its last example', 16, 'saw 8', ['examples-dropped']],
    ['is cut by tokens where that does not suffice', 6, 'saw 2', ['examples-dropped', 'prompt-truncated']],
  ])('%s', async (_what, tokens, text, deviations) => {
    const { outcome } = await asked({}, { window: { tokens, examples } });
    expect(outcome).toMatchObject({ kind: 'answered', text, deviations });
  });

  it('is cut by characters where the server has no /decode', async () => {
    const { outcome, requests } = await asked({ '/decode': unknown }, { window: { tokens: 6, examples } });
    expect(outcome).toMatchObject({ kind: 'answered', text: 'saw 2', deviations: ['examples-dropped', 'prompt-truncated'] });
    expect(String(requests.at(-1)?.[1]['prompt'])).toMatch(/^what is ?$/);
  });

  it('costs no request where its bytes fit, and none without a window', async () => {
    expect(paths((await asked({}, { window: { tokens: 2_048, examples } })).requests)).toEqual(['/process']);
    expect(paths((await asked({}, {})).requests)).toEqual(['/process']);
  });

  it('goes out whole where the server has no tokenizer, which is recorded', async () => {
    const { outcome } = await asked({ '/tokenize': unknown }, { window: { tokens: 16, examples } });
    expect(outcome).toMatchObject({ kind: 'answered', text: 'saw 13', deviations: ['tokenize-unusable'] });
  });

  it('is tried again where the tokenizer breaks off', async () => {
    const { outcome } = await asked({ '/tokenize': (_body, response) => void response.destroy() }, { window: { tokens: 16, examples } });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'connection', retryable: true });
  });

  it('is unharmed by tokens of another shape', async () => {
    expect((await asked({ '/tokenize': send({ tokens: 'many' }) }, { window: { tokens: 16, examples } })).outcome).toMatchObject({ kind: 'answered', deviations: ['tokenize-unusable'] });
  });
});
