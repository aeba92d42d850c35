import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { limits } from '../../domain/index.ts';
import type { Authority } from './authority.ts';
import { targetOf, type Target } from './identity.ts';
import type { Trouble } from './troubles.ts';

export interface ProxyOptions {
  /** Where to listen: the address by which the build's containers know this machine. */
  address: string;
  /** Any free one where it is taken. */
  port: number;
  authority: Authority;
  answer(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void>;
  onTrouble(trouble: Trouble): void;
}

export interface Proxy {
  port: number;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/**
 * A forward proxy that reads what passes: plain HTTP in absolute form, and the inside of CONNECT tunnels, where it shows a
 * certificate of its own authority. A tunnel that holds neither TLS nor HTTP is closed and told. Bodies are streamed.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const tunnels = new WeakMap<Socket, Target>();
  const sockets = new Set<Socket>();
  const server = createServer({ highWaterMark: limits.recordPortionBytes, maxHeaderSize: 64 * 1024, requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    const target = targetIn(request, tunnels.get(request.socket));
    if (!target) return void response.writeHead(400, { 'content-type': 'text/plain' }).end('this is a proxy: ask it for http:// addresses, or CONNECT\n');
    options.answer(request, response, target).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const target = targetOf(`https://${request.url ?? ''}`);
    if (!target) return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    enterTunnel(socket, head, target, options, (inner, seen) => {
      tunnels.set(inner, seen);
      server.emit('connection', inner);
    });
  });
  const port = await listen(server, options);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function targetIn({ url = '/' }: IncomingMessage, tunnel: Target | undefined): Target | undefined {
  if (/^https?:\/\//i.test(url)) return targetOf(url);
  return tunnel && { ...tunnel, path: url };
}

/** The first record of a TLS client begins with this byte (RFC 8446, 5.1). */
const tlsHandshake = 0x16;

type Entered = (inner: Socket, target: Target) => void;

/** What the client says first tells what the tunnel is for. */
function enterTunnel(socket: Socket, head: Buffer, target: Target, options: ProxyOptions, entered: Entered): void {
  const begin = (first: Buffer): void => {
    socket.pause();
    socket.unshift(first);
    if (first[0] === tlsHandshake) return void enterTls(socket, target, options, entered);
    if (/^[A-Z]{3,16} /.test(first.toString('latin1', 0, 18))) return entered(socket, { ...target, protocol: 'http:' });
    options.onTrouble({ kind: 'not-http', url: `${target.hostname}:${target.port}`, reason: 'a tunnel that holds neither TLS nor HTTP' });
    socket.destroy();
  };
  if (head.length > 0) begin(head);
  else socket.once('data', begin);
}

async function enterTls(socket: Socket, target: Target, { authority, onTrouble }: ProxyOptions, entered: Entered): Promise<void> {
  const secureContext = await authority.contextFor(target.hostname).catch((error: unknown) => void socket.destroy(error as Error));
  if (!secureContext || socket.destroyed) return;
  const secured = new TLSSocket(socket, {
    isServer: true,
    highWaterMark: limits.recordPortionBytes,
    secureContext,
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => void callingBack(authority.contextFor(name.toLowerCase()), done),
    // The type definitions do not know highWaterMark here, which tls.connect passes on in the same way.
  } as TLSSocketOptions);
  secured.on('error', (error: Error) => {
    if (isDistrust(error)) onTrouble({ kind: 'distrusted', url: `https://${target.hostname}`, reason: 'the program does not trust the authority of recordings' });
    secured.destroy();
  });
  entered(secured, target);
}

async function callingBack(context: Promise<SecureContext>, done: (error: Error | null, context?: SecureContext) => void): Promise<void> {
  const made = await context.catch((error: unknown) => error as Error);
  if (made instanceof Error) done(made);
  else done(null, made);
}

/** What a client says that knows other authorities (RFC 8446, 6.2). */
function isDistrust(error: Error): boolean {
  return /alert (?:unknown ca|bad certificate|certificate unknown|unsupported certificate|unknown_ca)/i.test(error.message);
}

async function listen(server: ReturnType<typeof createServer>, { address, port }: ProxyOptions): Promise<number> {
  const at = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, address, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return at(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' || port === 0) throw error;
    return at(0);
  });
}
