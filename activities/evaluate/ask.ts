import { Agent } from 'node:http';
import { limits } from '../../domain/index.ts';
import { fitPrompt, withoutExamples } from '../../domain/adaptation/window.ts';
import { type Exchange, type ExchangeLimits, postJson } from './exchange.ts';
import { createOpenAi, type OpenAiApi, type OpenAiServer } from './openai.ts';
import type { Inquiry } from './plan.ts';
import { type Deviation, type FailureReason, type Measures, readReply, type ReplyShape } from './reply.ts';
import { createTokenizer, TokenizerFault } from './tokenizer.ts';

export type AskOutcome =
  | ({ kind: 'answered'; text: string; latencyMs: number; deviations: Deviation[] } & Measures)
  /** `overloaded`: the server may answer when asked less at a time. */
  | { kind: 'failed'; reason: FailureReason; retryable: boolean; overloaded: boolean; latencyMs: number }
  | { kind: 'aborted' };

/** Asks one question once. */
export type Ask = (inquiry: Inquiry, signal: AbortSignal) => Promise<AskOutcome>;

export interface AskSettings {
  questionTimeoutMs: number;
  replyBytes: number;
}

/** What a server speaks: the contest's API unless an OpenAI one is named, and the model that the latter is asked for. */
export interface Speaks {
  api?: 'contest' | OpenAiApi | undefined;
  model?: string | undefined;
}

/**
 * A client of one server. Nothing is cut at stop sequences by us, as HELM cuts nothing; the answer is the text as it came, without
 * the prompt where the server repeats it. `close` ends the connections that are kept alive.
 */
export function createAsk(baseUrl: string, settings: AskSettings = limits, { api = 'contest', model }: Speaks = {}): { ask: Ask; close(): void } {
  const agent = new Agent({ keepAlive: true });
  const bounds = { agent, timeoutMs: settings.questionTimeoutMs, replyBytes: settings.replyBytes };
  return {
    ask: api === 'contest' ? askContest(baseUrl, bounds) : askOpenAi(createOpenAi(baseUrl, api, model, bounds)),
    close: () => agent.destroy(),
  };
}

/** `POST /process`; a prompt with a window is made to fit before, by `POST /tokenize` and `/decode`. */
function askContest(baseUrl: string, bounds: ExchangeLimits): Ask {
  const url = new URL('/process', baseUrl);
  return async (inquiry, signal) => {
    const fitted = await fit(inquiry, baseUrl, bounds, signal);
    if ('kind' in fitted) return outcomeOf(fitted, inquiry.prompt);
    const outcome = outcomeOf(await postJson(url, requestBody({ ...inquiry, prompt: fitted.prompt }), bounds, signal), fitted.prompt);
    return withDeviations(outcome, fitted.deviations);
  };
}

/** Gives the exchange with the tokenizer where it failed as a server under load fails, so that it is tried again. */
async function fit(
  { prompt, window, generation }: Inquiry,
  baseUrl: string,
  bounds: ExchangeLimits,
  signal: AbortSignal,
): Promise<{ prompt: string; deviations: Deviation[] } | Exchange> {
  if (!window) return { prompt, deviations: [] };
  try {
    const request = { prompt, examples: window.examples, tokens: window.tokens, maxNewTokens: generation.maxNewTokens };
    const { text, examplesDropped, truncated } = await fitPrompt(request, createTokenizer(baseUrl, bounds, signal));
    return { prompt: text, deviations: [...(examplesDropped > 0 ? (['examples-dropped'] as const) : []), ...(truncated ? (['prompt-truncated'] as const) : [])] };
  } catch (error) {
    if (!(error instanceof TokenizerFault)) throw error;
    // A server without a tokenizer that can be used gets the prompt as it is; it may still answer.
    return error.exchange.kind === 'reply' ? { prompt, deviations: ['tokenize-unusable'] } : error.exchange;
  }
}

/** A server that refuses a prompt with 400 may find it too long: it is asked again with one solved example less, until none is left. */
function askOpenAi(server: OpenAiServer): Ask {
  const askTolerantly = askWithLogprobs(server);
  return async (inquiry, signal) => {
    const examples = inquiry.window?.examples ?? [];
    for (let dropped = 0; ; dropped += 1) {
      const prompt = withoutExamples(inquiry.prompt, examples, dropped);
      const { exchange, isWithout } = await askTolerantly({ ...inquiry, prompt }, signal);
      const isRefused = exchange.kind === 'reply' && exchange.status === 400;
      if (isRefused && dropped < examples.length) continue;
      const outcome = outcomeOf(exchange, prompt, server.shape);
      return withDeviations(outcome, [...(dropped > 0 ? (['examples-dropped'] as const) : []), ...logprobDeviations(inquiry, outcome, isWithout)]);
    }
  };
}

/** Statuses by which servers say that they do not know an option; a prompt that is too long is refused by the first as well. */
const optionRefusals: ReadonlySet<number> = new Set([400, 422, 501]);

/** Asks for log-probabilities where they are wanted; a server that answers only without the option is not asked for them again. */
function askWithLogprobs(server: OpenAiServer): (inquiry: Inquiry, signal: AbortSignal) => Promise<{ exchange: Exchange; isWithout: boolean }> {
  let refuses = false;
  return async ({ logprobs, ...inquiry }, signal) => {
    if (logprobs && !refuses) {
      const exchange = await server.ask({ ...inquiry, logprobs }, signal);
      if (exchange.kind !== 'reply' || !optionRefusals.has(exchange.status)) return { exchange, isWithout: false };
    }
    const exchange = await server.ask(inquiry, signal);
    refuses ||= logprobs === true && exchange.kind === 'reply' && exchange.status === 200;
    return { exchange, isWithout: logprobs === true };
  };
}

function logprobDeviations({ logprobs }: Inquiry, outcome: AskOutcome, isWithout: boolean): Deviation[] {
  if (!logprobs || outcome.kind !== 'answered') return [];
  if (isWithout) return ['logprobs-refused'];
  return outcome.tokenLogprobs ? [] : ['logprob-missing'];
}

/** `echo_prompt` goes always: 51 of the contest's servers refuse a request without it. */
function requestBody({ prompt, generation }: Inquiry): Buffer {
  const { maxNewTokens, topK, temperature, seed } = generation;
  return Buffer.from(
    JSON.stringify({ prompt, num_samples: 1, max_new_tokens: maxNewTokens, top_k: topK, temperature, seed, echo_prompt: false }),
  );
}

function withDeviations(outcome: AskOutcome, deviations: Deviation[]): AskOutcome {
  return outcome.kind === 'answered' && deviations.length > 0 ? { ...outcome, deviations: [...deviations, ...outcome.deviations] } : outcome;
}

function outcomeOf(exchange: Exchange, prompt: string, shape?: ReplyShape): AskOutcome {
  const { kind, latencyMs } = exchange;
  if (kind === 'aborted') return { kind };
  if (kind !== 'reply') return { kind: 'failed', reason: kind, retryable: kind !== 'too-large', overloaded: kind !== 'too-large', latencyMs };
  const reply = readReply(exchange.status, exchange.body, { prompt, latencyMs }, shape);
  if (reply.kind === 'answered') return { ...reply, latencyMs };
  const overloaded = exchange.status === 429 || exchange.status === 503;
  return { ...reply, retryable: reply.reason === 'http-500' || overloaded, overloaded, latencyMs };
}
