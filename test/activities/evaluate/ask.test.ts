import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type AskOutcome, createAsk } from '../../../activities/evaluate/ask.ts';
import { type Handler, honest, reply, startAnswerServer } from './answer-server.ts';
import { inquiry, quick } from './questions.ts';

async function askOnce(handler: Handler, prompt = 'What is 2 + 2?'): Promise<AskOutcome> {
  await using server = await startAnswerServer(handler);
  const client = createAsk(server.baseUrl, { questionTimeoutMs: 1_000, replyBytes: 1_024 * 1_024 });
  const outcome = await client.ask(inquiry('q', prompt), new AbortController().signal);
  client.close();
  return outcome;
}
const json = (body: unknown): Handler => (_request, response) => void response.end(JSON.stringify(body));
const raw = (bytes: string): Handler => (_request, response) => {
  response.socket?.end(bytes);
};

const status = (code: number): Handler => (_request, response) => void response.writeHead(code, { location: '/elsewhere' }).end('{"text":"no"}');
const drip: Handler = (_request, response) => {
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
};
const flood: Handler = (_request, response) => {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
};

describe('asking one question', () => {
  test.each<[string, unknown, { tokens?: number; logprob?: number; tokenLogprobs?: unknown }]>([
    ['both', { tokens: [{ text: 'a', logprob: -1 }, { text: 'b', logprob: -2 }], logprob: -3 }, { tokens: 2, logprob: -3, tokenLogprobs: { count: 2, sum: -3, bytes: 2 } }],
    ['tokens of bytes', { tokens: [{ text: 'é', logprob: -1 }, { text: 'bytes:\\xe2\\x80', logprob: -1 }] }, { tokens: 2, tokenLogprobs: { count: 2, sum: -2, bytes: 4 } }],
    ['a probability above 1', { tokens: [{ text: 'a', logprob: 800 }], logprob: 800 }, { tokens: 1 }],
    ['neither', {}, {}],
    ['tokens of another form', { tokens: ['a'], logprob: -3 }, { logprob: -3 }],
    ['a log-probability that is a text', { tokens: [], logprob: '-3' }, { tokens: 0 }],
  ])('keeps the server’s count of tokens and its log-probability where it gives %s', async (_what, said, expected) => {
    const { kind, text, latencyMs: _latencyMs, deviations: _deviations, ...measures } = (await askOnce(json({ text: 'x', ...(said as object) }))) as Extract<AskOutcome, { kind: 'answered' }>;
    expect([kind, text, measures]).toEqual(['answered', 'x', expected]);
  });

  test('sends the contest’s fields, with echo_prompt and without stop sequences', async () => {
    await using server = await startAnswerServer(honest);
    const generation = { maxNewTokens: 7, temperature: 0.5, topK: 3, seed: 11, stop: ['\n'] };
    await createAsk(server.baseUrl, quick).ask({ id: 'q', prompt: 'p', generation }, new AbortController().signal);
    expect(server.requests).toEqual([
      { prompt: 'p', num_samples: 1, max_new_tokens: 7, top_k: 3, temperature: 0.5, seed: 11, echo_prompt: false },
    ]);
  });

  test('gives the text as it came, with our own latency', async () => {
    const outcome = await askOnce(async (_request, response) => {
      await sleep(50);
      reply(response, ' 4\n\nQuestion: \u0000 \ud83d\ude00');
    });
    expect(outcome).toMatchObject({ kind: 'answered', text: ' 4\n\nQuestion: \u0000 \ud83d\ude00', deviations: [] });
    expect(outcome.kind === 'answered' && outcome.latencyMs).toBeGreaterThan(45);
  });

  test.each<[string, unknown, string, string[]]>([
    ['an echoed prompt is stripped', { text: 'What is 2 + 2? 4', tokens: [], logprob: 0, request_time: 0 }, ' 4', ['echoed-prompt']],
    ['an empty text is an answer', { text: '', tokens: [], logprob: 0, request_time: 0 }, '', []],
    ['missing tokens', { text: '4', logprob: 0, request_time: 0 }, '4', ['tokens-missing']],
    ['tokens of another shape', { text: '4', tokens: ['4'], logprob: 0, request_time: 0 }, '4', ['tokens-malformed']],
    ['no log probability, no time', { text: '4', tokens: [] }, '4', ['logprob-missing', 'request-time-missing']],
    ['a time longer than we waited', { text: '4', tokens: [], logprob: 0, request_time: 1_700_000_000 }, '4', ['request-time-wrong']],
  ])('tolerates and records: %s', async (_name, body, text, deviations) => {
    expect(await askOnce(json(body))).toMatchObject({ kind: 'answered', text, deviations });
  });

  test.each<[string, Handler, string, boolean]>([
    ['500', status(500), 'http-500', true],
    ['422', status(422), 'http-400', false],
    ['429', status(429), 'http-400', true],
    ['a redirect', status(307), 'redirect', false],
    ['garbage', (_request, response) => void response.end('<html>'), 'not-json', false],
    ['an empty body', (_request, response) => void response.end(), 'not-json', false],
    ['JSON nested too deep', (_request, response) => void response.end(`{"text":${'['.repeat(100_000)}`), 'not-json', false],
    ['no text', json({ completion: '4' }), 'no-text', false],
    ['text that is no string', json({ text: ['4'] }), 'no-text', false],
    ['null', json(null), 'no-text', false],
    ['10 MB', (_request, response) => void response.end(JSON.stringify({ text: 'x'.repeat(10_000_000) })), 'too-large', false],
    ['endless chunks', flood, 'too-large', false],
    ['a reply that drips', drip, 'timeout', true],
    ['silence', () => undefined, 'timeout', true],
    ['a hang-up', (_request, response) => void response.destroy(), 'connection', true],
    ['a content length too long', raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"text":"4"}'), 'connection', true],
    ['a content length too short', raw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{"text":"4"}'), 'connection', true],
    ['something that is not HTTP', raw('hello\r\n\r\n'), 'connection', true],
    ['endless headers', raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`), 'connection', true],
  ])('names the reason for %s', async (_name, handler, reason, retryable) => {
    expect(await askOnce(handler)).toMatchObject({ kind: 'failed', reason, retryable });
  });

  test('gives up at once when aborted', async () => {
    await using server = await startAnswerServer(() => undefined);
    const abort = new AbortController();
    const asked = createAsk(server.baseUrl, quick).ask(inquiry('q'), abort.signal);
    await sleep(30);
    abort.abort();
    expect(await asked).toEqual({ kind: 'aborted' });
  });
});
