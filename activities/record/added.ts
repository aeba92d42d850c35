import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { AddedAddress } from '../build/added-addresses.ts';
import type { Troubles } from './troubles.ts';

/** The proxy of a build, as who fetches through it sees it. */
export interface Fetching {
  port: number;
  troubles: Troubles;
  /** Resolves when everything that was asked so far is stored, or told among the troubles. */
  stored(): Promise<void>;
  signal: AbortSignal;
}

/** A fetched file, whose content is in the store. */
export interface AddedFile {
  path: string;
  sha256: string;
  sizeBytes: number;
  mode: number;
}

/**
 * Fetches what ADD names through the build's own proxy, which records it, or answers from the recording, and keeps it from inward
 * addresses after every redirect too. Failures: those of `troubles`, BUILD_STEP_FAILED with the address for an answer that is none, a wrong
 * checksum or too many redirects, DISK_LIMIT.
 */
export async function fetchAdded({ port, troubles, stored, signal }: Fetching, { url, checksum, path, mode, place }: AddedAddress): Promise<AddedFile> {
  troubles.begin();
  try {
    const answer = await followed(port, url, signal);
    if (answer.statusCode !== 200) throw new Error(`answered with status ${answer.statusCode}`);
    const { sha256, sizeBytes } = await measured(answer, place);
    if (checksum !== undefined && checksum.toLowerCase() !== `sha256:${sha256}`) throw new Error(`its content is sha256:${sha256}, not ${checksum}`);
    await stored();
    return { path, sha256, sizeBytes, mode };
  } catch (error) {
    signal.throwIfAborted();
    await stored();
    if (!(error instanceof Error) || 'type' in error) throw error;
    const outside = troubles.causeOf({ code: 'BUILD_STEP_FAILED', reason: '' }, []);
    // A code is that of a connection: the one to the proxy itself, where the proxy has nothing to tell.
    throw failure(outside?.code ?? ('code' in error ? 'RECORDING_UNAVAILABLE' : 'BUILD_STEP_FAILED'), `${place}: ${outside?.reason ?? error.message}`, { cause: error });
  }
}

/** As the engine's own client. */
const mostRedirects = 10;

async function followed(proxyPort: number, url: string, signal: AbortSignal): Promise<IncomingMessage> {
  let target = url;
  for (let hops = 0; hops <= mostRedirects; hops += 1) {
    const answer = await asked(proxyPort, target, signal);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) return answer;
    answer.resume();
    await once(answer, 'end');
    target = new URL(location, target).href;
  }
  throw new Error(`redirected more than ${mostRedirects} times`);
}

async function asked(proxyPort: number, url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { username, password, host } = new URL(url);
  const authorization = username === '' ? {} : { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` };
  const outgoing = request({ host: '127.0.0.1', port: proxyPort, path: url, headers: { host, ...authorization }, agent: false, signal });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

async function measured(answer: IncomingMessage, place: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > limits.addedBytes) throw failure('DISK_LIMIT', `${place}: more than ${limits.addedBytes} bytes`);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}
