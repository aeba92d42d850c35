import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordedExchange } from '../../domain/index.ts';
import { getBlobStream } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { choosingHeaders, strippedUrl, type Target } from './identity.ts';
import { measuredBody } from './request-body.ts';
import type { Troubles } from './troubles.ts';

export type Asked = Pick<RecordedExchange, 'method' | 'url' | 'requestHeaders' | 'requestBody'>;

/** A recording as it answers: the n-th request of a kind gets the n-th answer, and after the last one that one again. */
export interface Replay {
  find(asked: Asked): RecordedExchange | undefined;
}

export function createReplay(exchanges: readonly RecordedExchange[]): Replay {
  const groups = new Map<string, Map<string, { answers: RecordedExchange[]; next: number }>>();
  for (const exchange of exchanges) {
    const variants = groups.get(placeOf(exchange)) ?? new Map<string, { answers: RecordedExchange[]; next: number }>();
    groups.set(placeOf(exchange), variants);
    const group = variants.get(variantOf(exchange)) ?? { answers: [], next: 0 };
    variants.set(variantOf(exchange), group);
    group.answers.push(exchange);
  }
  for (const variants of groups.values()) for (const group of variants.values()) group.answers = withoutPassing(group.answers);
  const take = (asked: Asked): RecordedExchange | undefined => {
    const variants = groups.get(placeOf(asked));
    const group = variants?.get(variantOf(asked)) ?? variants?.values().next().value;
    if (!group) return undefined;
    const answer = group.answers[Math.min(group.next, group.answers.length - 1)];
    group.next += 1;
    return answer;
  };
  return { find: (asked) => take(asked) ?? otherwise(asked, take) };
}

/** Answers from a recording alone; what it does not hold is told and answered with status 502. */
export function createReplayer(store: ObjectStore, replay: Replay, troubles: Troubles, mask?: (text: string) => string): { answer(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> } {
  return {
    async answer(request, response, target) {
      const url = strippedUrl(target, mask);
      const body = measuredBody(request);
      for await (const _ of body?.stream ?? []); // Known by its hash once it has passed.
      const requestBody = body?.sha256();
      const asked: Asked = { method: request.method ?? 'GET', url, requestHeaders: choosingHeaders(request.headers, mask), ...(requestBody === undefined ? {} : { requestBody }) };
      const exchange = replay.find(asked);
      if (exchange) return answerOf(store, response, exchange, asked).catch((error: unknown) => (troubles.add({ kind: 'store', url, reason: String(error) }), void response.destroy()));
      troubles.add({ kind: 'missing', url: `${asked.method} ${url}`, reason: 'this request is not in the recording' });
      response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${asked.method} ${url}: this request is not in the recording\n`);
    },
  };
}

/** Gives a recorded answer; of a whole one the range that is asked for. Failures: STORE_CORRUPT. */
export async function answerOf(store: ObjectStore, response: ServerResponse, exchange: RecordedExchange, asked: Pick<Asked, 'method' | 'requestHeaders'> = exchange): Promise<void> {
  if (exchange.failed !== undefined) return void response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' }).end(`${exchange.url}: ${exchange.failed}\n`);
  response.sendDate = false;
  const { body, headers } = exchange;
  const range = exchange.status === 200 && body ? rangeOf(asked.requestHeaders['range'], body.sizeBytes) : undefined;
  const pairs = headers.filter(([name]) => name.toLowerCase() !== 'content-length' || !body);
  if (body && asked.method !== 'HEAD') pairs.push(['Content-Length', String(range ? range.end - range.start : body.sizeBytes)]);
  else if (body) pairs.push(['Content-Length', String(body.sizeBytes)]);
  if (range && body) pairs.push(['Content-Range', `bytes ${range.start}-${range.end - 1}/${body.sizeBytes}`]);
  response.writeHead(range ? 206 : exchange.status, pairs.flat());
  if (!body || asked.method === 'HEAD') return void response.end();
  const bytes = await getBlobStream(store, body.sha256);
  if (range) await pipeline(bytes, cut(range), response).catch(unlessGone);
  else await pipeline(bytes, response).catch(unlessGone);
}

/** Method, address and body: what is asked. Range counts too, the rest are ways to ask. */
function placeOf({ method, url, requestHeaders, requestBody }: Asked): string {
  return JSON.stringify([method, url, requestBody ?? null, requestHeaders['range'] ?? null]);
}

function variantOf({ requestHeaders }: Asked): string {
  return JSON.stringify(Object.entries(requestHeaders).sort());
}

/** A refusal that passed is not repeated: clients would only wait again. */
function withoutPassing(answers: RecordedExchange[]): RecordedExchange[] {
  const lasting = answers.filter(({ status }) => ![408, 425, 429].includes(status) && status < 500);
  return lasting.length > 0 ? lasting : answers;
}

/** A range out of the whole, the headers out of the body's answer. */
function otherwise(asked: Asked, take: (asked: Asked) => RecordedExchange | undefined): RecordedExchange | undefined {
  const { range, ...requestHeaders } = asked.requestHeaders;
  const whole = range === undefined ? undefined : take({ ...asked, requestHeaders });
  if (whole?.status === 200) return whole;
  return asked.method === 'HEAD' ? take({ ...asked, method: 'GET', requestHeaders }) : undefined;
}

interface Range {
  start: number;
  /** Exclusive. */
  end: number;
}

/** One range of bytes; several, or one that does not fit, may be answered with the whole (RFC 9110, 14.2). */
function rangeOf(header: string | undefined, sizeBytes: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, sizeBytes - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? sizeBytes : Math.min(sizeBytes, Number(match[2]) + 1);
  return start < end ? { start, end } : undefined;
}

function cut({ start, end }: Range): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, chunk.length);
      at += chunk.length;
      done(null, from < to ? chunk.subarray(from, to) : undefined);
    },
  });
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (!['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '')) throw error;
}

