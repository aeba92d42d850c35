import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ChatMessage, Judge } from '../../domain/analysis/index.ts';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { TokenUsage } from './budget.ts';

export interface Completion {
  text: string;
  usage?: TokenUsage | undefined;
}

export interface ChatRequest {
  judge: Judge;
  messages: ChatMessage[];
  maxTokens: number;
}

export interface ClientSettings {
  /** Bearer token of a judge that names a secret. */
  secretOf(judge: Judge): string | undefined;
  judgeTimeoutMs: number;
  judgeAttempts: number;
  judgeRetryMs: number;
  judgeReplyBytes: number;
}

const Reply = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string().nullable() }) })).min(1),
  usage: z.looseObject({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

/**
 * One chat completion at temperature 0 of an OpenAI-compatible endpoint; undefined where after all attempts it gives none (429,
 * 5xx, no connection, no JSON). Failures: JUDGE_UNAVAILABLE where it refuses for good: another status of 400 to 499.
 */
export async function complete(request: ChatRequest, settings: ClientSettings, signal?: AbortSignal): Promise<Completion | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await once(request, settings, signal);
    if (typeof outcome === 'object') return outcome;
    signal?.throwIfAborted();
    if (attempt >= settings.judgeAttempts) return undefined;
    await sleep(settings.judgeRetryMs * 2 ** (attempt - 1), undefined, signal ? { signal } : {});
  }
}

async function once({ judge, messages, maxTokens }: ChatRequest, settings: ClientSettings, signal?: AbortSignal): Promise<Completion | 'retry'> {
  const timeout = AbortSignal.timeout(settings.judgeTimeoutMs);
  const token = settings.secretOf(judge);
  try {
    const response = await fetch(`${judge.baseUrl.replace(/\/$/, '')}/chat/completions`, {
      method: 'POST',
      // A redirect could carry the token and the questions elsewhere.
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ model: judge.model, messages, temperature: 0, seed: 0, max_tokens: maxTokens, stream: false }),
    });
    if (response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429) {
      throw failure('JUDGE_UNAVAILABLE', `the judge ${judge.name} (${judge.model}) answered with status ${response.status}`);
    }
    return response.ok ? read(await bodyOf(response, settings.judgeReplyBytes)) : 'retry';
  } catch (error) {
    if (error instanceof Error && error.name === 'ApplicationFailure') throw error;
    return 'retry'; // No connection, a time-out or a broken body: all may pass.
  }
}

function read(body: string): Completion | 'retry' {
  const reply = Reply.safeParse(JSON.parse(body));
  if (!reply.success) return 'retry';
  const { choices, usage } = reply.data;
  const used = usage ? { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens } : undefined;
  return { text: choices[0]?.message.content ?? '', usage: used };
}

async function bodyOf(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += (chunk as Uint8Array).byteLength;
    if (sizeBytes > most) throw new RangeError('the reply is too large');
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const clientLimits: Omit<ClientSettings, 'secretOf'> = limits;
