import { z } from 'zod';
import { type Exchange, type ExchangeLimits, getJson, postJson } from './exchange.ts';
import type { Inquiry } from './plan.ts';
import { logprobsOf, type Measures, parseBounded, type ReplyShape } from './reply.ts';

export type OpenAiApi = 'openai-completions' | 'openai-chat';

export interface OpenAiServer {
  /** With the log-probabilities of the answer's tokens where they are asked for. */
  ask(inquiry: Pick<Inquiry, 'prompt' | 'generation' | 'logprobs'>, signal: AbortSignal): Promise<Exchange>;
  shape: ReplyShape;
}

/** The API takes no more. */
const stopsMost = 4;

const Models = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })).min(1) });

/**
 * `POST /v1/completions` or `/v1/chat/completions` as vLLM, llama.cpp's server and Ollama have them, with the fields of OpenAI's
 * reference only, since some refuse others. The model is the first of `GET /v1/models` unless it is named.
 */
export function createOpenAi(baseUrl: string, api: OpenAiApi, named: string | undefined, bounds: ExchangeLimits): OpenAiServer {
  const isChat = api === 'openai-chat';
  const certainty = isChat ? { logprobs: true, top_logprobs: 1 } : { logprobs: 1 };
  const url = new URL(isChat ? '/v1/chat/completions' : '/v1/completions', baseUrl);
  let model = named;
  return {
    shape: isChat ? chatReply : completionReply,
    ask: async ({ prompt, generation, logprobs }, signal) => {
      model ??= await firstModel(baseUrl, bounds, signal);
      const { maxNewTokens, temperature, seed, stop } = generation;
      const question = isChat ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
      const settings = { max_tokens: maxNewTokens, temperature, n: 1, stream: false, ...(seed === undefined ? {} : { seed }), ...(stop.length > 0 ? { stop: stop.slice(0, stopsMost) } : {}) };
      return postJson(url, Buffer.from(JSON.stringify({ model: model ?? 'default', ...question, ...settings, ...(logprobs ? certainty : {}) })), bounds, signal);
    },
  };
}

/** Undefined where the server lists none now; it is asked again with the next question. */
async function firstModel(baseUrl: string, bounds: ExchangeLimits, signal: AbortSignal): Promise<string | undefined> {
  const exchange = await getJson(new URL('/v1/models', baseUrl), bounds, signal);
  return exchange.kind === 'reply' && exchange.status === 200 ? Models.safeParse(parseBounded(exchange.body)).data?.data[0]?.id : undefined;
}

const Completion = z.looseObject({ choices: z.array(z.looseObject({ text: z.string() })).min(1) });
const Chat = z.looseObject({ choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }) })).min(1) });
const deviationsOf: ReplyShape['deviationsOf'] = ({ usage }) => (typeof usage === 'object' && usage !== null ? [] : ['usage-missing']);

const Usage = z.looseObject({ usage: z.looseObject({ completion_tokens: z.number().int().nonnegative() }) });
function measuresOf(reply: unknown, said: Token[] | undefined, text: string): Measures {
  const tokens = Usage.safeParse(reply).data?.usage.completion_tokens;
  const { tokenLogprobs } = said ? logprobsOf(said, text) : {};
  return { ...(tokens === undefined ? {} : { tokens }), ...(tokenLogprobs ? { tokenLogprobs, logprob: tokenLogprobs.sum } : {}) };
}

interface Token {
  text: string;
  logprob: number;
}
const choiceWith = <Shape extends z.ZodType>(logprobs: Shape) => z.looseObject({ choices: z.array(z.looseObject({ logprobs })).min(1) });
const CompletionLogprobs = choiceWith(z.looseObject({ tokens: z.array(z.string()), token_logprobs: z.array(z.number()) }));
const ChatLogprobs = choiceWith(z.looseObject({ content: z.array(z.looseObject({ token: z.string(), logprob: z.number() })) }));

function completionTokens(reply: unknown): Token[] | undefined {
  const said = CompletionLogprobs.safeParse(reply).data?.choices[0]?.logprobs;
  return said?.token_logprobs.map((logprob, index) => ({ logprob, text: said.tokens[index] ?? '' }));
}

function chatTokens(reply: unknown): Token[] | undefined {
  return ChatLogprobs.safeParse(reply).data?.choices[0]?.logprobs.content.map(({ token, logprob }) => ({ text: token, logprob }));
}

const completionReply: ReplyShape = {
  textOf: (reply) => Completion.safeParse(reply).data?.choices[0]?.text,
  deviationsOf,
  measuresOf: (reply, text) => measuresOf(reply, completionTokens(reply), text),
};
const chatReply: ReplyShape = {
  textOf: (reply) => Chat.safeParse(reply).data?.choices[0]?.message.content,
  deviationsOf,
  measuresOf: (reply, text) => measuresOf(reply, chatTokens(reply), text),
};
