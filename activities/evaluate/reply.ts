import { z } from 'zod';
import { limits } from '../../domain/index.ts';
import { type TokenLogprobs, tokenBytes } from '../../domain/metrics/confidence.ts';

/** Why a question has no usable answer. Fixed, since for the closed stage these words and their counts are all that is shown. */
export const failureReasons = ['http-500', 'http-400', 'redirect', 'timeout', 'too-large', 'not-json', 'no-text', 'connection'] as const;
export type FailureReason = (typeof failureReasons)[number];

/** How a reply departs from the contest's API without being unusable. */
export type Deviation =
  | 'echoed-prompt'
  | 'tokens-missing'
  | 'tokens-malformed'
  | 'logprob-missing'
  | 'logprob-impossible'
  | 'logprobs-refused'
  | 'request-time-missing'
  | 'request-time-wrong'
  | 'usage-missing'
  | 'tokenize-unusable'
  | 'examples-dropped'
  | 'prompt-truncated';

/** What a server says of its answer; absent where it says nothing that can be read. */
export interface Measures {
  tokens?: number;
  logprob?: number;
  tokenLogprobs?: TokenLogprobs;
}
export type ReadReply = ({ kind: 'answered'; text: string; deviations: Deviation[] } & Measures) | { kind: 'failed'; reason: FailureReason };

/** Where one API keeps its answer; everything else may be missing or wrong and is recorded as a deviation. */
export interface ReplyShape {
  /** Undefined where there is no text. */
  textOf(reply: unknown): string | undefined;
  deviationsOf(reply: Record<string, unknown>, latencyMs: number): Deviation[];
  measuresOf(reply: Record<string, unknown>, text: string): Measures;
}

const Reply = z.looseObject({ text: z.string() });
/** `{text, tokens, logprob, request_time}` of the contest's OpenAPI. */
const contestReply: ReplyShape = { textOf: (reply) => Reply.safeParse(reply).data?.text, deviationsOf, measuresOf };
const Tokens = z.array(z.looseObject({ text: z.string(), logprob: z.number() }));

/**
 * Reads one reply. Of 220 servers of the contest 191 give a wrong request_time, many no tokens, and some repeat the prompt before the
 * answer although `echo_prompt` is false.
 */
export function readReply(status: number, body: Uint8Array, asked: { prompt: string; latencyMs: number }, shape = contestReply): ReadReply {
  const refused = refusalOf(status);
  if (refused) return { kind: 'failed', reason: refused };
  const parsed = parseBounded(body);
  if (parsed === undefined) return { kind: 'failed', reason: 'not-json' };
  const text = shape.textOf(parsed);
  if (text === undefined) return { kind: 'failed', reason: 'no-text' };
  const record = parsed as Record<string, unknown>;
  const echoed = asked.prompt !== '' && text.startsWith(asked.prompt);
  return {
    kind: 'answered',
    text: echoed ? text.slice(asked.prompt.length) : text,
    deviations: [...(echoed ? (['echoed-prompt'] as const) : []), ...shape.deviationsOf(record, asked.latencyMs)],
    ...shape.measuresOf(record, text),
  };
}

function refusalOf(status: number): FailureReason | undefined {
  if (status >= 500) return 'http-500';
  if (status >= 400) return 'http-400';
  return status >= 300 || status < 200 ? 'redirect' : undefined;
}

function deviationsOf(reply: Record<string, unknown>, latencyMs: number): Deviation[] {
  const { tokens, logprob, request_time: requestTime } = reply;
  const deviations: Deviation[] = [];
  if (tokens === undefined || tokens === null) deviations.push('tokens-missing');
  else if (!Tokens.safeParse(tokens).success) deviations.push('tokens-malformed');
  if (typeof logprob !== 'number') deviations.push('logprob-missing');
  else if (!isLogprob(logprob)) deviations.push('logprob-impossible');
  if (typeof requestTime !== 'number') deviations.push('request-time-missing');
  else if (requestTime < 0 || requestTime * 1_000 > latencyMs + clockToleranceMs) deviations.push('request-time-wrong');
  return deviations;
}

function measuresOf({ tokens, logprob }: Record<string, unknown>, text: string): Measures {
  const read = Tokens.safeParse(tokens).data;
  return { ...(read ? { tokens: read.length, ...logprobsOf(read, text) } : {}), ...(typeof logprob === 'number' && isLogprob(logprob) ? { logprob } : {}) };
}

/** The log-probabilities of a text's tokens together; absent where its tokens are not given, or one of the values can be none. */
export function logprobsOf(tokens: readonly { text: string; logprob: number }[], text: string): Pick<Measures, 'tokenLogprobs'> {
  const sum = tokens.reduce((total, { logprob }) => total + logprob, 0);
  if ((tokens.length === 0 && text.trim() !== '') || !Number.isFinite(sum) || !tokens.every(({ logprob }) => isLogprob(logprob))) return {};
  return { tokenLogprobs: { count: tokens.length, sum, bytes: tokens.reduce((total, token) => total + tokenBytes(token.text), 0) } };
}

/** The logarithm of a probability, but for rounding: of what is above it a mean would be infinite. */
function isLogprob(value: number): boolean {
  return Number.isFinite(value) && value <= roundingOfLogprobs;
}
const roundingOfLogprobs = 1e-6;

/** A server cannot have worked longer than we waited; its clock's rounding is forgiven. */
const clockToleranceMs = 20;

/** The JSON value, or undefined where it is none or is nested deeper than any reply of the API. */
export function parseBounded(body: Uint8Array): unknown {
  if (depthExceeds(body, limits.replyDepth)) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\[]{}');

function depthExceeds(body: Uint8Array, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (inString) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) depth += 1;
    else if (byte === closeBracket || byte === closeBrace) depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
