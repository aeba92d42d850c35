import { type Agent, request as httpRequest } from 'node:http';
import { onAbort } from './on-abort.ts';

/** What came of one HTTP request. Redirects are not followed: they come back as the reply they are. */
export type Exchange =
  | { kind: 'reply'; status: number; body: Buffer; latencyMs: number }
  | { kind: 'timeout' | 'too-large' | 'connection' | 'aborted'; latencyMs: number };

export interface ExchangeLimits {
  agent: Agent;
  /** For the whole exchange, so that a reply that drips does not hold it open. */
  timeoutMs: number;
  replyBytes: number;
}

/**
 * Posts JSON and reads the reply within the limits; never throws. `latencyMs` is our own clock's, from sending to the last
 * byte: servers' own figures are wrong in 191 of the contest's 211.
 */
export function postJson(url: URL, body: Uint8Array, bounds: ExchangeLimits, signal: AbortSignal): Promise<Exchange> {
  return exchange(url, 'POST', body, bounds, signal);
}

/** The same for what is only read. */
export function getJson(url: URL, bounds: ExchangeLimits, signal: AbortSignal): Promise<Exchange> {
  return exchange(url, 'GET', new Uint8Array(), bounds, signal);
}

function exchange(url: URL, method: 'GET' | 'POST', body: Uint8Array, bounds: ExchangeLimits, signal: AbortSignal): Promise<Exchange> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const request = httpRequest(url, { method, agent: bounds.agent, headers: method === 'POST' ? headersFor(body) : { accept: 'application/json' } });
    const finish = (outcome: Omit<Exchange, 'latencyMs'>): void => {
      clearTimeout(timer);
      forget();
      if (outcome.kind !== 'reply') request.destroy();
      resolve({ ...outcome, latencyMs: Math.round((performance.now() - startedAt) * 10) / 10 } as Exchange);
    };
    const abort = (): void => finish({ kind: 'aborted' });
    const timer = setTimeout(() => finish({ kind: 'timeout' }), bounds.timeoutMs);
    const forget = onAbort(signal, abort);
    request.on('error', () => finish({ kind: 'connection' }));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > bounds.replyBytes) finish({ kind: 'too-large' });
        else chunks.push(chunk);
      });
      response.on('end', () => finish({ kind: 'reply', status: response.statusCode ?? 0, body: Buffer.concat(chunks) } as Exchange));
      response.on('error', () => finish({ kind: 'connection' }));
    });
    if (signal.aborted) abort();
    else request.end(body);
  });
}

function headersFor(body: Uint8Array): Record<string, string | number> {
  return { 'content-type': 'application/json', 'content-length': body.byteLength, accept: 'application/json' };
}
