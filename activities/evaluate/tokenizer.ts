import { z } from 'zod';
import type { Tokenizer } from '../../domain/adaptation/window.ts';
import { type Exchange, type ExchangeLimits, postJson } from './exchange.ts';
import { parseBounded } from './reply.ts';

/** A tokenizer that gave no usable reply; carries what came instead. */
export class TokenizerFault extends Error {
  readonly exchange: Exchange;
  constructor(exchange: Exchange) {
    super('the server’s tokenizer gave no usable reply');
    this.exchange = exchange;
  }
}

const Tokens = z.looseObject({ tokens: z.array(z.number()) });
const Text = z.looseObject({ text: z.string() });

/**
 * The contest's `POST /tokenize {text, truncation, max_length}` and `POST /decode {tokens}`, asked as HELM's http_model_tokenizer.py
 * asks them. 123 of 220 servers have no /decode. Methods throw TokenizerFault.
 */
export function createTokenizer(baseUrl: string, bounds: ExchangeLimits, signal: AbortSignal): Tokenizer {
  const post = (path: string, body: unknown): Promise<Exchange> => postJson(new URL(path, baseUrl), Buffer.from(JSON.stringify(body)), bounds, signal);
  const tokenize = async (text: string, truncation: boolean, maxLength: number): Promise<number[]> => {
    const exchange = await post('/tokenize', { text, truncation, max_length: maxLength });
    const tokens = Tokens.safeParse(bodyOf(exchange)).data?.tokens;
    if (!tokens) throw new TokenizerFault(exchange);
    return tokens;
  };
  return {
    count: async (text) => (await tokenize(text, false, 2_048)).length,
    truncate: async (text, tokens) => {
      const kept = await tokenize(text, true, tokens);
      const exchange = await post('/decode', { tokens: kept.slice(0, tokens) });
      if (exchange.kind !== 'reply') throw new TokenizerFault(exchange);
      return Text.safeParse(bodyOf(exchange)).data?.text;
    },
  };
}

function bodyOf(exchange: Exchange): unknown {
  return exchange.kind === 'reply' && exchange.status >= 200 && exchange.status < 300 ? parseBounded(exchange.body) : undefined;
}
