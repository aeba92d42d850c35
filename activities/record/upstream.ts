import { readFile } from 'node:fs/promises';
import { Agent as PlainAgent, request as requestPlain, type AgentOptions, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, getCACertificates } from 'node:tls';
import { limits } from '../../domain/index.ts';
import { createGuard, InwardAddress, type Guard } from './addresses.ts';
import { hostOf, type Target } from './identity.ts';

export interface UpstreamSettings {
  caBundle: string | undefined;
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  /** `host:port` of this machine's own services that builds may reach all the same. */
  reachable?: readonly string[];
  /** Other limits than `recordAnswerMs` and `recordSilenceMs`. */
  answerMs?: number;
  silenceMs?: number;
  /** Names that stand for services of ours, with the origin (`http://127.0.0.1:4711`) that answers for each. */
  routes?: Readonly<Record<string, string>>;
}

export interface UpstreamRequest {
  method: string;
  target: Target;
  headers: Record<string, string | string[]>;
  body: Readable | undefined;
  signal: AbortSignal;
}

/** The world that a build is recorded from. */
export interface Upstream {
  /** The answer as it begins; throws what kept it from beginning. Requests without a body are tried again where that may help. */
  ask(request: UpstreamRequest): Promise<IncomingMessage>;
  close(): void;
}

/** Connections are kept; trust is the system's and the operator's bundle; the operator's proxies are used. */
export async function openUpstream(settings: UpstreamSettings): Promise<Upstream> {
  const agents = await agentsOf(settings);
  const guard = createGuard(settings.reachable);
  return {
    ask: (request) => persistently(request, () => send(request, settings, agents, guard)),
    close: () => [agents.plain, agents.tls, agents.own].forEach((agent) => agent.destroy()),
  };
}

interface Agents {
  plain: PlainAgent;
  tls: TlsAgent;
  /** For our own services, past every proxy. */
  own: PlainAgent;
}

async function agentsOf({ caBundle, httpProxy, httpsProxy }: UpstreamSettings): Promise<Agents> {
  const operators = caBundle === undefined ? [] : [await readFile(caBundle, 'utf8')];
  const secureContext = createSecureContext({ ca: [...getCACertificates('default'), ...operators] });
  const proxies = { ...(httpProxy === undefined ? {} : { HTTP_PROXY: httpProxy }), ...(httpsProxy === undefined ? {} : { HTTPS_PROXY: httpsProxy }) };
  // Node 22.21 and later take proxies per agent; its type definitions do not know that yet.
  const shared = { keepAlive: true, scheduling: 'lifo', highWaterMark: limits.recordPortionBytes, proxyEnv: { ...proxies, NO_PROXY: 'localhost,127.0.0.1,::1' } } as AgentOptions;
  return { plain: new PlainAgent(shared), tls: new TlsAgent({ ...shared, secureContext }), own: new PlainAgent({ keepAlive: true }) };
}

function send(request: UpstreamRequest, settings: UpstreamSettings, agents: Agents, guard: Guard): Promise<IncomingMessage> {
  const { method, target, headers, body, signal } = request;
  const { answerMs = limits.recordAnswerMs, silenceMs = limits.recordSilenceMs } = settings;
  // Our own services are spoken to without TLS, whatever the build asked for.
  const plain = target.protocol === 'http:' || settings.routes?.[target.hostname] !== undefined;
  const options: RequestOptions = { method, path: target.path, headers: { ...headers, host: hostOf(target) }, signal, ...destination(target, settings, agents, guard) };
  return new Promise((resolve, reject) => {
    const outgoing = (plain ? requestPlain : requestTls)(options, (answer) => {
      clearTimeout(timer);
      answer.setTimeout(silenceMs, () => answer.destroy(new Error(`nothing came for ${silenceMs / 1_000} s`)));
      resolve(answer);
    });
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${answerMs / 1_000} s`)), answerMs);
    outgoing.on('error', (error) => (clearTimeout(timer), reject(error)));
    if (!body) return void outgoing.end();
    body.on('error', (error) => outgoing.destroy(error));
    body.pipe(outgoing);
  });
}

function destination({ protocol, hostname, port }: Target, { routes, httpProxy, httpsProxy }: UpstreamSettings, agents: Agents, guard: Guard): RequestOptions {
  const route = routes?.[hostname];
  if (route !== undefined) {
    const origin = new URL(route);
    return { host: origin.hostname, port: origin.port || 80, agent: agents.own };
  }
  guard.check(hostname, port);
  const agent = protocol === 'http:' ? agents.plain : agents.tls;
  const proxied = (protocol === 'http:' ? httpProxy : httpsProxy) !== undefined;
  // Behind the operator's proxy it is that proxy which looks names up, and only its own name is looked up here.
  return { host: hostname, port, agent, ...(proxied ? {} : { lookup: guard.lookup }) };
}

/** What passes by itself within seconds: names and lines that fail for a moment. */
const transient = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH']);
const attempts = 4;

async function persistently<Result>({ method, body, signal }: UpstreamRequest, attempt: () => Promise<Result>): Promise<Result> {
  const repeatable = body === undefined && (method === 'GET' || method === 'HEAD');
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const passes = transient.has((error as NodeJS.ErrnoException).code ?? '') && !(error instanceof InwardAddress);
      if (signal.aborted || !repeatable || !passes || tried >= attempts) throw error;
      await sleep(limits.indexRetryMs * 2 ** (tried - 1), undefined, { signal });
    }
  }
}
