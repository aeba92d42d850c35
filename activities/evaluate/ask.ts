import { Agent } from 'node:http';
import { limits } from '../../domain/index.ts';
import { type Exchange, postJson } from './exchange.ts';
import type { Inquiry } from './plan.ts';
import { type Deviation, type FailureReason, readReply } from './reply.ts';

export type AskOutcome =
  | { kind: 'answered'; text: string; latencyMs: number; deviations: Deviation[] }
  /** `overloaded`: the server may answer when asked less at a time. */
  | { kind: 'failed'; reason: FailureReason; retryable: boolean; overloaded: boolean; latencyMs: number }
  | { kind: 'aborted' };

/** Asks one question once. */
export type Ask = (inquiry: Inquiry, signal: AbortSignal) => Promise<AskOutcome>;

export interface AskSettings {
  questionTimeoutMs: number;
  replyBytes: number;
}

/**
 * A client of the contest's `POST /process`. Nothing is cut at stop sequences, as HELM cuts nothing; the answer is the text as
 * it came, without the prompt where the server repeats it. `close` ends the connections that are kept alive.
 */
export function createAsk(baseUrl: string, settings: AskSettings = limits): { ask: Ask; close(): void } {
  const url = new URL('/process', baseUrl);
  const agent = new Agent({ keepAlive: true });
  const bounds = { agent, timeoutMs: settings.questionTimeoutMs, replyBytes: settings.replyBytes };
  return {
    ask: async (inquiry, signal) => outcomeOf(await postJson(url, requestBody(inquiry), bounds, signal), inquiry.prompt),
    close: () => agent.destroy(),
  };
}

/** `echo_prompt` goes always: 51 of the contest's servers refuse a request without it. */
function requestBody({ prompt, generation }: Inquiry): Buffer {
  const { maxNewTokens, topK, temperature, seed } = generation;
  return Buffer.from(
    JSON.stringify({ prompt, num_samples: 1, max_new_tokens: maxNewTokens, top_k: topK, temperature, seed, echo_prompt: false }),
  );
}

function outcomeOf(exchange: Exchange, prompt: string): AskOutcome {
  const { kind, latencyMs } = exchange;
  if (kind === 'aborted') return { kind };
  if (kind !== 'reply') return { kind: 'failed', reason: kind, retryable: kind !== 'too-large', overloaded: kind !== 'too-large', latencyMs };
  const reply = readReply(exchange.status, exchange.body, { prompt, latencyMs });
  if (reply.kind === 'answered') return { ...reply, latencyMs };
  const overloaded = exchange.status === 429 || exchange.status === 503;
  return { ...reply, retryable: reply.reason === 'http-500' || overloaded, overloaded, latencyMs };
}
