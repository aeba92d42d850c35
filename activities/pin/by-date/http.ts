import { readFile } from 'node:fs/promises';
import { Agent as PlainAgent, request as requestPlain, type AgentOptions, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../../domain/index.ts';
import type { Guard } from '../../record/addresses.ts';

export interface HttpSettings {
  caBundle: string | undefined;
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  /** Judges every address at the moment of connecting; without it every one is asked. */
  guard?: Guard;
  /** Other limits than `indexAnswerMs`, `indexSilenceMs` and `indexPageMs`. */
  answerMs?: number;
  silenceMs?: number;
  pageMs?: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  /** After redirects. */
  url: string;
  body: IncomingMessage;
}

/** Something between us and a server that may pass; the message names what was asked, without credentials. */
export class Unreachable extends Error {}

export interface HttpClient {
  /** Follows redirects, tries again what may pass, and gives back any other answer. Throws Unreachable. */
  get(url: string, headers?: Record<string, string>, options?: { signal?: AbortSignal | undefined; attempts?: number }): Promise<HttpAnswer>;
  /** The whole body, at most `indexPageBytes`; a body that ends early counts as transient. Throws Unreachable. */
  getBytes(url: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<HttpAnswer & { bytes: Buffer }>;
  close(): void;
}

/** A client for package indexes: connections are kept, certificates are the operator's, and the operator's proxies are used. */
export function createHttpClient(settings: HttpSettings): HttpClient {
  const agents = agentsOf(settings);
  const once = async (url: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<HttpAnswer> => {
    const { plain, tls } = await agents;
    return followed(url, headers, { settings, signal, agentFor: (target) => (target.startsWith('http:') ? plain : tls) });
  };
  const client: HttpClient = {
    get: (url, headers = {}, { signal, attempts = limits.indexAttempts } = {}) =>
      persistently(url, attempts, signal, async () => {
        const answer = await once(url, headers, signal);
        if (!isTransient(answer.status)) return answer;
        answer.body.destroy();
        throw new Unreachable(`${shown(url)}: answered ${answer.status}`);
      }),
    getBytes: (url, headers = {}, signal) =>
      persistently(url, limits.indexAttempts, signal, async () => {
        const answer = await client.get(url, headers, { signal, attempts: 1 });
        return { ...answer, bytes: await wholeBody(answer, settings.pageMs) };
      }),
    close() {
      void agents.then(({ plain, tls }) => [plain, tls].forEach((agent) => agent.destroy()));
    },
  };
  return client;
}

/** An address as it may be shown: no user, no password, no query. */
export function shown(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return origin + pathname;
  } catch {
    return 'an invalid address';
  }
}

async function agentsOf({ caBundle, httpProxy, httpsProxy }: HttpSettings): Promise<{ plain: PlainAgent; tls: TlsAgent }> {
  const ca = caBundle === undefined ? {} : { ca: await readFile(caBundle) };
  const proxies = { ...(httpProxy === undefined ? {} : { HTTP_PROXY: httpProxy }), ...(httpsProxy === undefined ? {} : { HTTPS_PROXY: httpsProxy }) };
  // Node 22.21 and later take proxies per agent; its type definitions do not know that yet.
  const shared = { keepAlive: true, proxyEnv: { ...proxies, NO_PROXY: 'localhost,127.0.0.1,::1' } } as AgentOptions;
  return { plain: new PlainAgent(shared), tls: new TlsAgent({ ...shared, ...ca }) };
}

async function persistently<Result>(url: string, attempts: number, signal: AbortSignal | undefined, attempt: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const problem = error instanceof Unreachable ? error : new Unreachable(`${shown(url)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      if (tried >= attempts) throw problem;
      await sleep(limits.indexRetryMs * 2 ** (tried - 1), undefined, { signal });
    }
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

interface Way {
  settings: HttpSettings;
  signal: AbortSignal | undefined;
  agentFor(url: string): PlainAgent;
}

async function followed(url: string, headers: Record<string, string>, way: Way, hops = 0): Promise<HttpAnswer> {
  const body = await send(url, headers, way);
  const { statusCode: status = 0, headers: answered } = body;
  if (![301, 302, 303, 307, 308].includes(status) || answered.location === undefined) return { status, headers: answered, url, body };
  body.resume();
  if (hops >= limits.indexRedirects) throw new Unreachable(`${shown(url)}: redirected more than ${limits.indexRedirects} times`);
  const target = new URL(answered.location, url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new Unreachable(`${shown(url)}: redirected to ${target.protocol}`);
  if (url.startsWith('https:') && target.protocol === 'http:') throw new Unreachable(`${shown(url)}: redirected away from TLS`);
  return followed(target.href, headers, way, hops + 1);
}

/** User and password in an address are for its own host: a redirect's address has none, so they are not sent on. */
function send(url: string, headers: Record<string, string>, { settings, signal, agentFor }: Way): Promise<IncomingMessage> {
  const { answerMs = limits.indexAnswerMs, silenceMs = limits.indexSilenceMs } = settings;
  const plain = url.startsWith('http:');
  return new Promise((resolve, reject) => {
    const outgoing = (plain ? requestPlain : requestTls)(url, { headers: { 'user-agent': 'reprise', ...headers }, agent: agentFor(url), ...judged(url, settings), ...(signal ? { signal } : {}) }, (answer) => {
      clearTimeout(timer);
      answer.setTimeout(silenceMs, () => answer.destroy(new Error(`nothing came for ${silenceMs / 1_000} s`)));
      resolve(answer);
    });
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${answerMs / 1_000} s`)), answerMs);
    outgoing.on('error', (error) => (clearTimeout(timer), reject(error)));
    outgoing.end();
  });
}

/** Behind the operator's proxy it is that proxy which looks names up. */
function judged(url: string, { guard, httpProxy, httpsProxy }: HttpSettings): Pick<RequestOptions, 'lookup'> {
  if (!guard) return {};
  const { protocol, hostname, port } = new URL(url);
  guard.check(hostname.replaceAll(/^\[|\]$/g, ''), Number(port || (protocol === 'http:' ? 80 : 443)));
  return (protocol === 'http:' ? httpProxy : httpsProxy) === undefined ? { lookup: guard.lookup } : {};
}

/** A server that gives a few bytes now and then is never silent, so that the whole has its time too. */
export async function wholeBody({ body, url }: Pick<HttpAnswer, 'body' | 'url'>, pageMs: number = limits.indexPageMs): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(new Error(`not whole within ${pageMs / 1_000} s`)), pageMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > limits.indexPageBytes) throw new Unreachable(`${shown(url)}: more than ${limits.indexPageBytes} bytes`);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}
