import { createServer, request as requestPlain, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createGuard, type Guard } from '../../record/addresses.ts';
import { indexHost } from './address.ts';
import type { IndexHandler } from './serve-index.ts';

export interface BuildProxyOptions {
  /** Where to listen: the address by which build containers know this machine, or loopback. */
  address: string;
  /** The package index. */
  handler?: IndexHandler;
  /** Mirrors of apt and channels of conda that are answered for; what their handlers leave is passed on. */
  mirrors?: { hosts: readonly string[]; handlers: readonly MirrorHandler[] };
  /** The operator's proxy for plain HTTP, through which everything else goes. */
  httpProxy?: string | undefined;
}

/** Answers a request of a mirror's address; false where it is none that it knows. */
export type MirrorHandler = (request: IncomingMessage, response: ServerResponse, url: string) => Promise<boolean>;

export interface BuildProxy {
  /** `http://<address>:<port>`. */
  url: string;
  close(): Promise<void>;
}

/**
 * The plain-HTTP proxy of a build: it answers for the index's name and passes everything else on. That way the index has one
 * address on every machine, which shows in no layer, since the engine keeps proxies out of images. Asked directly, it is the
 * index. What only this machine may reach it refuses, as a container could not reach it either.
 */
export async function startBuildProxy({ address, handler, mirrors, httpProxy }: BuildProxyOptions): Promise<BuildProxy> {
  const guard = createGuard();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = proxied(request) ?? mirrored(request, mirrors?.hosts ?? []);
    if (target && mirrors?.hosts.includes(target.hostname)) {
      for (const handles of mirrors.handlers) if (await handles(request, response, target.href)) return;
    }
    if (target && target.hostname !== indexHost) return forward(request, response, () => destination(target, httpProxy, guard), target);
    if (handler) return handler(request, response, target ? target.pathname + target.search : (request.url ?? '/'));
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('no package index is configured\n');
  };
  const server = createServer((request, response) => void answer(request, response));
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function proxied({ url = '' }: IncomingMessage): URL | undefined {
  return /^http:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : undefined;
}

/** The recording proxy hands on what it was asked for a mirror as it would to the mirror itself. */
function mirrored({ url = '', headers }: IncomingMessage, hosts: readonly string[]): URL | undefined {
  const address = `http://${headers.host ?? ''}${url}`;
  return URL.canParse(address) && hosts.includes(new URL(address).hostname) ? new URL(address) : undefined;
}

/** Headers of one connection, not of the message (RFC 9110, 7.6.1). */
const ofTheConnection = new Set(['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

async function forward(request: IncomingMessage, response: ServerResponse, way: () => RequestOptions, target: URL): Promise<void> {
  try {
    const answer = await passOn(request, response, way(), target);
    response.writeHead(answer.statusCode ?? 502, kept(answer.headers));
    await pipeline(answer, response);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${target.host}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function passOn(request: IncomingMessage, response: ServerResponse, way: RequestOptions, target: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = requestPlain({ ...way, method: request.method, headers: { ...kept(request.headers), host: target.host } }, resolve);
    outgoing.on('error', reject);
    response.on('close', () => outgoing.destroy());
    request.pipe(outgoing);
  });
}

function destination(target: URL, httpProxy: string | undefined, guard: Guard): RequestOptions {
  if (httpProxy === undefined) {
    const [host, port] = [target.hostname.replaceAll(/^\[|\]$/g, ''), Number(target.port || 80)];
    guard.check(host, port);
    return { host, port, path: target.pathname + target.search, lookup: guard.lookup };
  }
  const proxy = new URL(httpProxy);
  const credentials = proxy.username === '' ? {} : { auth: `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}` };
  return { host: proxy.hostname, port: proxy.port || 80, path: target.href, ...credentials };
}

function kept(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const named = new Set((headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheConnection.has(name) && !named.has(name)));
}
