import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailureCode, limits, mediaTypes, type RecordedExchange } from '../../domain/index.ts';
import { createLanes, type Lanes } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { InwardAddress } from './addresses.ts';
import { answeredHeaders, bodyBytes, forwardedHeaders, storedHeaders } from './headers.ts';
import { choosingHeaders, strippedUrl, type Target } from './identity.ts';
import type { Journal } from './journal.ts';
import { endOf, type RecordMasks } from './masked-body.ts';
import { createPace, type Pace } from './pace.ts';
import { AskerGone, copied } from './passing.ts';
import { answerOf, type Replay } from './replay.ts';
import { measuredBody, type MeasuredBody } from './request-body.ts';
import { createSpool } from './spool.ts';
import type { Trouble, Troubles } from './troubles.ts';
import type { Upstream } from './upstream.ts';

export interface RecorderOptions {
  store: ObjectStore;
  scratchDirectory: string;
  upstream: Upstream;
  journal: Journal;
  troubles: Troubles;
  /** What an earlier attempt of the same run took in: it is not fetched again. */
  earlier?: Replay | undefined;
  masks?: RecordMasks | undefined;
  step(): number;
}

export interface Recorder {
  answer(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void>;
  /** Waits until every body that has come so far is stored. */
  stored(): Promise<void>;
  /** Waits until every body that came whole is stored; the others are dropped. */
  settle(): Promise<void>;
}

type About = Pick<RecordedExchange, 'method' | 'url' | 'requestHeaders' | 'requestBody' | 'step' | 'at'>;

/** Passes each request on, and its answer back while it is written down; nothing is stored of an answer that did not end well. */
export function createRecorder(options: RecorderOptions): Recorder {
  const uploads: Uploads = { small: createLanes(limits.recordUploads), large: createLanes(1), passing: 0, pace: createPace(() => uploads.passing) };
  const underWay = new Set<Promise<void>>();
  const given = new AbortController();
  let count = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> => {
    const url = strippedUrl(target, options.masks?.text);
    count += 1;
    if (count > limits.recordedRequests) return refuse(response, options.troubles, { kind: 'too-many', url, reason: `more than ${limits.recordedRequests} requests` });
    const requestHeaders = choosingHeaders(request.headers, options.masks?.text);
    const about: About = { method: request.method ?? 'GET', url, requestHeaders, step: options.step(), at: new Date().toISOString() };
    const body = measuredBody(request);
    const known = body === undefined ? options.earlier?.find(about) : undefined;
    if (known) {
      options.journal.add({ ...known, step: about.step });
      return answerOf(options.store, response, known);
    }
    await passOn(options, uploads, given.signal, { request, response, target, about, body });
  };
  return {
    answer(request, response, target) {
      const running = answer(request, response, target).finally(() => underWay.delete(running));
      underWay.add(running);
      return running;
    },
    async stored() {
      await Promise.allSettled(underWay);
      await uploads.small.idle();
      await uploads.large.idle();
    },
    async settle() {
      // A body whose asker went away with the build's last step is still worth having.
      const waited = new AbortController();
      await Promise.race([Promise.allSettled(underWay), sleep(limits.recordSettleMs, undefined, { signal: waited.signal }).catch(() => undefined)]);
      waited.abort();
      given.abort(new Error('the build has ended'));
      await Promise.allSettled(underWay);
      await uploads.small.idle();
      await uploads.large.idle();
    },
  };
}

/** Large bodies go to the store one at a time: each takes the memory of several parts. */
interface Uploads {
  small: Lanes;
  large: Lanes;
  /** Answers that are on their way to who asked. */
  passing: number;
  pace: Pace;
}

interface Passing {
  request: IncomingMessage;
  response: ServerResponse;
  target: Target;
  about: About;
  body: MeasuredBody | undefined;
}

async function passOn(options: RecorderOptions, uploads: Uploads, signal: AbortSignal, passing: Passing): Promise<void> {
  const { request, response, target, about, body } = passing;
  const { troubles, upstream } = options;
  const startedAt = Date.now();
  let answer: IncomingMessage;
  try {
    answer = await upstream.ask({ method: about.method, target, headers: forwardedHeaders(request), body: body?.stream, signal });
  } catch (error) {
    if (signal.aborted) return void response.destroy();
    const trouble: Trouble = { kind: error instanceof InwardAddress ? 'inward' : 'unreachable', url: about.url, reason: reasonOf(error) };
    const requestBody = body?.sha256();
    options.journal.add({ ...about, ...(requestBody === undefined ? {} : { requestBody }), status: 502, headers: [], body: null, durationMs: Date.now() - startedAt, failed: trouble.reason });
    return refuse(response, troubles, trouble);
  }
  const spool = createSpool(options.store, options.scratchDirectory, mediaTypes.bytes, uploads.pace);
  try {
    const pairs = answeredHeaders(answer);
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, pairs.flat());
    uploads.passing += 1;
    await copied(answer, response, spool, about.method === 'HEAD' || answer.statusCode === 304 ? undefined : bodyBytes(pairs)).finally(() => (uploads.passing -= 1));
    const ended = await endOf(spool, options.masks?.body, about.url);
    const requestBody = body?.sha256();
    const exchange = { ...about, ...(requestBody === undefined ? {} : { requestBody }), status: answer.statusCode ?? 502, durationMs: Date.now() - startedAt };
    const { sha256, sizeBytes, keep, masked, failed } = ended;
    // The asker does not wait for the store; the build's end does.
    troubles.wentWell(about.url);
    response.end();
    await (sizeBytes > limits.recordLargeBytes ? uploads.large : uploads.small).start(async () => {
      try {
        await keep();
        const body = failed === undefined && hasBody(about.method, exchange.status) ? { sha256, sizeBytes } : null;
        options.journal.add({ ...exchange, headers: storedHeaders(pairs, options.masks?.text), body, ...masked, ...(failed === undefined ? {} : { failed }) });
      } catch (error) {
        troubles.add({ kind: 'store', url: about.url, reason: `keeping the answer: ${reasonOf(error)}` });
      }
    });
  } catch (error) {
    answer.destroy();
    response.destroy();
    await spool.drop();
    if (!(error instanceof AskerGone) && !signal.aborted) troubles.add(troubleOf(error, about.url));
  }
}

/** Answers with status 502 and the reason, which many tools print. */
function refuse(response: ServerResponse, troubles: Troubles, trouble: Trouble): void {
  troubles.add(trouble);
  if (response.headersSent) return void response.destroy();
  response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${trouble.url}: ${trouble.reason}\n`);
}

function troubleOf(error: unknown, url: string): Trouble {
  const code = (error as { type?: unknown }).type;
  if (code === 'DISK_FULL') return { kind: 'disk-full', url, reason: reasonOf(error) };
  if (isFailureCode(code)) return { kind: 'store', url, reason: reasonOf(error) };
  return { kind: 'broken', url, reason: reasonOf(error) };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message === 'aborted' ? 'the connection broke off in the middle of the answer' : error.message;
}

/** RFC 9110, 6.4.1. */
function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && status >= 200;
}
