import { readFile } from 'node:fs/promises';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { InwardAddress, type Guard } from '../record/addresses.ts';
import { wholeBody } from './by-date/http.ts';

/** An image reference in its parts: `host/repository:tag@digest`. */
export interface ImageName {
  host: string;
  repository: string;
  tag?: string;
  digest?: string;
}

export type RegistryAnswer =
  | { status: 'found'; digest: string; createdAt?: string }
  | { status: 'absent' | 'denied'; message: string }
  | { status: 'unreachable'; message: string }
  /** It leads inward, or sends us there. */
  | { status: 'refused' };

export interface RegistryOptions {
  /** Connecting and answering; a registry that is reached may take longer for the answer. */
  connectTimeoutMs: number;
  answerTimeoutMs: number;
  caBundle: string | undefined;
  /** Judges every address, those of tokens and redirects too, at the moment of connecting. */
  guard: Guard;
  signal: AbortSignal;
}

/** All four: a registry answers 404 for an index where only manifests are accepted (OCI distribution 1.1, Docker v2). */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Where Docker looks for images without a host. */
const defaultHost = 'docker.io';
const defaultEndpoint = 'registry-1.docker.io';

/** The parts of a reference as the engine reads it: `debian` is `docker.io/library/debian:latest`. */
export function parseImageName(reference: string): ImageName | undefined {
  const match = /^(?:([^/@]+)\/)?([^@]*?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(reference);
  if (!match) return undefined;
  const [, first, rest, tag, digest] = match;
  const isHost = first !== undefined && (first.includes('.') || first.includes(':') || first === 'localhost');
  const path = isHost || first === undefined ? (rest ?? '') : `${first}/${rest ?? ''}`;
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(path)) return undefined;
  const host = isHost ? first : defaultHost;
  const repository = host === defaultHost && !path.includes('/') ? `library/${path}` : path;
  return { host, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Asks a registry for the digest of a reference and, where it tells, when the image was made. Never throws but on abort. */
export async function askRegistry(name: ImageName, options: RegistryOptions): Promise<RegistryAnswer> {
  try {
    return await answerOf(name, options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof InwardAddress) return { status: 'refused' };
    return { status: 'unreachable', message: error instanceof Error ? error.message || error.name : String(error) };
  }
}

/** The tags of a repository, as far as its registry lists them; none where it does not. Never throws but on abort. */
export async function listTags(name: ImageName, options: RegistryOptions): Promise<string[]> {
  try {
    const base = baseAddress(name);
    const anonymous = await send('HEAD', `${base}/manifests/${name.tag ?? 'latest'}`, { accept: manifestTypes }, options);
    const token = anonymous.statusCode === 401 ? await tokenFor(anonymous, name, options) : undefined;
    const list = await document(`${base}/tags/list?n=${listedTags}`, token === undefined ? {} : { authorization: `Bearer ${token}` }, options);
    const tags: unknown = list?.['tags'];
    return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
  } catch {
    options.signal.throwIfAborted();
    return []; // What a registry does not list, it does not tell.
  }
}

/** Of one page: the largest repositories of distributions and frameworks have fewer. */
const listedTags = 10_000;

async function answerOf(name: ImageName, options: RegistryOptions): Promise<RegistryAnswer> {
  const base = baseAddress(name);
  const reference = name.digest ?? name.tag ?? 'latest';
  const address = `${base}/manifests/${reference}`;
  const anonymous = await send('HEAD', address, { accept: manifestTypes }, options);
  const token = anonymous.statusCode === 401 ? await tokenFor(anonymous, name, options) : undefined;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = token === undefined ? anonymous : await send('HEAD', address, { accept: manifestTypes, ...headers }, options);
  const status = answer.statusCode ?? 0;
  if (status === 404) return { status: 'absent', message: `the registry ${name.host} has no ${name.repository}:${reference}` };
  if (status === 401 || status === 403)
    return { status: 'denied', message: `the registry ${name.host} gives ${name.repository} only to those it knows, or has none` };
  const digest = answer.headers['docker-content-digest'];
  if (status !== 200 || typeof digest !== 'string') return { status: 'unreachable', message: `the registry ${name.host} answered ${status}` };
  const createdAt = await creationTime(base, digest, headers, options);
  return { status: 'found', digest, ...(createdAt === undefined ? {} : { createdAt }) };
}

/** The token flow of the distribution specification, without credentials: what is public. */
async function tokenFor(challenge: IncomingMessage, name: ImageName, options: RegistryOptions): Promise<string | undefined> {
  const header = challenge.headers['www-authenticate'] ?? '';
  const field = (key: string): string | undefined => new RegExp(`${key}="([^"]*)"`, 'i').exec(header)?.[1];
  const realm = field('realm');
  if (!/^bearer/i.test(header) || realm === undefined) return undefined;
  const address = new URL(realm);
  const service = field('service');
  if (service !== undefined) address.searchParams.set('service', service);
  address.searchParams.set('scope', field('scope') ?? `repository:${name.repository}:pull`);
  const body = await json(await send('GET', address.href, {}, options), address.href);
  const token = body?.['token'] ?? body?.['access_token'];
  return typeof token === 'string' ? token : undefined;
}

/** When the image was made, by its configuration: a tag whose image is older than a date has not moved since. */
async function creationTime(base: string, digest: string, headers: Record<string, string>, options: RegistryOptions): Promise<string | undefined> {
  const manifest = await document(`${base}/manifests/${digest}`, { accept: manifestTypes, ...headers }, options);
  const entries = manifest?.['manifests'];
  if (Array.isArray(entries)) {
    const ours = entries.find(
      (each: { platform?: { os?: string; architecture?: string } }) => each.platform?.os === 'linux' && each.platform.architecture === 'amd64',
    ) as { digest?: string } | undefined;
    return ours?.digest === undefined || ours.digest === digest ? undefined : creationTime(base, ours.digest, headers, options);
  }
  const config = (manifest?.['config'] as { digest?: string } | undefined)?.digest;
  const created = config === undefined ? undefined : (await document(`${base}/blobs/${config}`, headers, options))?.['created'];
  return typeof created === 'string' && !Number.isNaN(Date.parse(created)) ? created : undefined;
}

async function document(
  address: string,
  headers: Record<string, string>,
  options: RegistryOptions,
  redirects = 3,
): Promise<Record<string, unknown> | undefined> {
  const answer = await send('GET', address, headers, options);
  const { location } = answer.headers;
  if (location !== undefined && redirects > 0) {
    answer.resume();
    // Blobs lie elsewhere; the token is for the registry only.
    return document(new URL(location, address).href, {}, options, redirects - 1);
  }
  return answer.statusCode === 200 ? json(answer, address) : (answer.resume(), undefined);
}

async function json(answer: IncomingMessage, address: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse((await wholeBody({ body: answer, url: address })).toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined; // What is no JSON, or no end of it, says nothing; the caller treats it as not told.
  }
}

/** Of a repository, by the distribution specification. */
export function baseAddress(name: ImageName): string {
  const host = name.host === defaultHost ? defaultEndpoint : name.host;
  // As the engine: loopback registries are spoken to without TLS.
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host) ? 'http' : 'https';
  return `${scheme}://${host}/v2/${name.repository}`;
}

async function send(method: string, address: string, headers: Record<string, string>, options: RegistryOptions): Promise<IncomingMessage> {
  const { protocol, hostname, port } = new URL(address);
  const plain = protocol === 'http:';
  options.guard.check(hostname.replaceAll(/^\[|\]$/g, ''), Number(port || (plain ? 80 : 443)));
  const authority = options.caBundle === undefined || plain ? {} : { ca: await readFile(options.caBundle) };
  return new Promise((resolve, reject) => {
    const outgoing = (plain ? requestPlain : requestTls)(
      address,
      { method, headers, agent: false, signal: options.signal, lookup: options.guard.lookup, ...authority },
      (answer) => {
        clearTimeout(timer);
        if (method === 'HEAD') answer.resume();
        resolve(answer);
      },
    );
    const give = (what: string) => (): void => void outgoing.destroy(new Error(what));
    let timer = setTimeout(give(`no connection within ${options.connectTimeoutMs} ms`), options.connectTimeoutMs);
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => {
        clearTimeout(timer);
        timer = setTimeout(give(`no answer within ${options.answerTimeoutMs} ms`), options.answerTimeoutMs);
      });
    });
    outgoing.on('error', (error) => (clearTimeout(timer), reject(error)));
    outgoing.end();
  });
}
