import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { startBuildProxy } from '../../../../activities/pin/by-date/build-proxy.ts';
import { createHttpClient, type HttpSettings } from '../../../../activities/pin/by-date/http.ts';
import { createIndexHandler, type IndexEvent } from '../../../../activities/pin/by-date/serve-index.ts';
import { createUpstream } from '../../../../activities/pin/by-date/upstream.ts';

/** A package index of our own; every answer may be replaced, and what was asked is kept. */
export interface UpstreamServer {
  url: string;
  asked: string[];
  /** Called for each request; returns true where it answered itself. */
  before?: (request: IncomingMessage, response: ServerResponse, times: number) => boolean;
  files: Map<string, Buffer>;
  pages: Map<string, { type: string; body: string }>;
  close(): Promise<void>;
}

export async function startUpstream(): Promise<UpstreamServer> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    upstream.asked.push(`${request.method} ${path}${request.headers.range === undefined ? '' : ` ${request.headers.range}`}`);
    counts.set(path, (counts.get(path) ?? 0) + 1);
    if (upstream.before?.(request, response, counts.get(path) ?? 0)) return;
    const page = upstream.pages.get(path);
    if (page) return void response.writeHead(200, { 'content-type': page.type }).end(page.body);
    const file = upstream.files.get(path);
    if (file) return sendFile(request, response, file);
    response.writeHead(404).end('no such thing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: UpstreamServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    files: new Map(),
    pages: new Map(),
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
  return upstream;
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: Buffer): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) return void response.writeHead(200, { 'content-length': file.byteLength }).end(file);
  const [first, last] = [Number(range[1]), range[2] === '' ? file.byteLength - 1 : Math.min(Number(range[2]), file.byteLength - 1)];
  response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${file.byteLength}` }).end(file.subarray(first, last + 1));
}

export interface ServedIndex {
  origin: string;
  events: IndexEvent[];
  get(path: string, accept?: string): Promise<{ status: number; headers: Headers; text: string }>;
  close(): Promise<void>;
}

/** Our index before an upstream. */
export async function serveIndex(indexUrl: string, options: { cacheDirectory?: string; now?: () => number; patience?: Pick<HttpSettings, 'answerMs' | 'silenceMs' | 'pageMs'> } = {}): Promise<ServedIndex> {
  const client = createHttpClient({ caBundle: undefined, httpProxy: undefined, httpsProxy: undefined, ...options.patience });
  const events: IndexEvent[] = [];
  const upstream = createUpstream({ client, indexUrl, ...options });
  const proxy = await startBuildProxy({ address: '127.0.0.1', handler: createIndexHandler({ upstream, onEvent: (event) => void events.push(event) }) });
  return {
    origin: proxy.url,
    events,
    async get(path, accept = 'text/html') {
      const answer = await fetch(proxy.url + path, { headers: { accept }, redirect: 'manual' });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
    async close() {
      await proxy.close();
      client.close();
    },
  };
}

export interface SampleFile {
  filename: string;
  bytes?: Buffer;
  uploadedAt?: string;
  yanked?: string;
  requiresPython?: string;
  metadataSha256?: string;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Puts a project page and its files up: PEP 691 JSON, or HTML with or without times. */
export function putProject(upstream: UpstreamServer, project: string, files: SampleFile[], form: 'json' | 'html-times' | 'html' = 'json'): void {
  const known = files.map((file) => ({ ...file, bytes: file.bytes ?? Buffer.from(file.filename) }));
  for (const { filename, bytes } of known) upstream.files.set(`/packages/${filename}`, bytes);
  const path = `/simple/${project}/`;
  if (form === 'json') {
    const listed = known.map((file) => ({
      filename: file.filename,
      url: `../../packages/${file.filename}`,
      hashes: { sha256: sha256(file.bytes) },
      ...(file.uploadedAt === undefined ? {} : { 'upload-time': file.uploadedAt }),
      ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
      ...(file.requiresPython === undefined ? {} : { 'requires-python': file.requiresPython }),
      ...(file.metadataSha256 === undefined ? {} : { 'core-metadata': { sha256: file.metadataSha256 } }),
    }));
    upstream.pages.set(path, { type: 'application/vnd.pypi.simple.v1+json', body: JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files: listed }) });
  } else {
    const links = known.map((file) => `<a href="/packages/${file.filename}#sha256=${sha256(file.bytes)}"${form === 'html-times' && file.uploadedAt ? ` data-upload-time="${file.uploadedAt}"` : ''}>${file.filename}</a>`);
    upstream.pages.set(path, { type: 'text/html', body: `<!DOCTYPE html><html><body>${links.join('<br/>\n')}</body></html>` });
  }
}

/** The JSON API of the same files. */
export function putJsonApi(upstream: UpstreamServer, project: string, files: SampleFile[]): void {
  const releases = { '1.0': files.map((file) => ({ filename: file.filename, upload_time: file.uploadedAt?.replace('Z', ''), digests: { sha256: sha256(file.bytes ?? Buffer.from(file.filename)) } })) };
  upstream.pages.set(`/pypi/${project}/json`, { type: 'application/json', body: JSON.stringify({ releases }) });
}

export async function wheel(name: string, version: string, requires: string[] = [], padding = 0): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.alloc(padding, 1), `${name}/data.bin`, { compress: false });
  const lines = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`, ...requires.map((each) => `Requires-Dist: ${each}`), '', 'Description.'];
  zip.addBuffer(Buffer.from(lines.join('\n')), `${name}-${version}.dist-info/METADATA`);
  zip.end();
  return buffer(zip.outputStream);
}
