import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InwardAddress } from './addresses.ts';
import { openAuthority } from './authority.ts';
import { answeredHeaders, forwardedHeaders } from './headers.ts';
import type { Target } from './identity.ts';
import { startProxy } from './proxy.ts';
import { openUpstream, type Upstream, type UpstreamSettings } from './upstream.ts';

/** A way out for a program of this machine that follows addresses of a submission. */
export interface Gate {
  /** Of the proxy that the program is to use, for every address. */
  url: string;
  /** What it is to trust. */
  certificateFile: string;
  /** Whether it asked for what builds may not reach. */
  sawInward(): boolean;
  close(): Promise<void>;
}

/**
 * A proxy as builds have it, without the recording: each request and each redirect is judged by the address that it is sent to, so that
 * no answer and no name leads into this machine, its link or a cloud's metadata. `directory` is for the files of its authority.
 */
export async function openGate(directory: string, settings: UpstreamSettings, signal: AbortSignal): Promise<Gate> {
  const authority = await openAuthority(join(directory, 'gate.pem'));
  const certificateFile = join(directory, 'gate-certificate.pem');
  await writeFile(certificateFile, authority.certificate);
  const upstream = await openUpstream(settings);
  let inward = false;
  const answer = (request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> =>
    passedOn(upstream, request, response, target, signal).catch((error: unknown) => {
      inward ||= error instanceof InwardAddress;
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/plain' }).end(`${(error as Error).message}\n`);
    });
  const proxy = await startProxy({ address: '127.0.0.1', port: 0, authority, answer, onTrouble: () => undefined });
  return {
    url: `http://127.0.0.1:${proxy.port}`,
    certificateFile,
    sawInward: () => inward,
    async close() {
      await proxy.close();
      upstream.close();
    },
  };
}

async function passedOn(upstream: Upstream, request: IncomingMessage, response: ServerResponse, target: Target, signal: AbortSignal): Promise<void> {
  const { method = 'GET', headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  const answer = await upstream.ask({ method, target, headers: forwardedHeaders(request), body: hasBody ? request : undefined, signal });
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answeredHeaders(answer).flat());
  await pipeline(answer, response);
}
