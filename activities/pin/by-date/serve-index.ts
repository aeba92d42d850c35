import type { IncomingMessage, ServerResponse } from 'node:http';
import { explain, gt, valid } from '@renovatebot/pep440';
import { canonical } from '../pip-specs.ts';
import { parseConstraintsPath, parseIndexPath, type IndexRequest } from './address.ts';
import { doubtsAbout } from './doubts.ts';
import { filesBefore, isWheel, versionOf, type IndexFile, type ProjectPage } from './files.ts';
import { Unreachable } from './http.ts';
import { wheelMetadata } from './metadata.ts';
import { predictedFiles, sdistBehind } from './predicted.ts';
import { renderPage } from './render-page.ts';
import { sdistMetadata } from './sdist-metadata.ts';
import { streamFile, streamPart } from './stream-file.ts';
import type { Upstream } from './upstream.ts';

/** What the index tells of what it served. */
export type IndexEvent =
  | { kind: 'page'; project: string; offered: number; left: number }
  | { kind: 'missing'; project: string }
  | { kind: 'file'; project: string; file: IndexFile; version: string; sha256: string; sizeBytes: number; doubts: string[]; newerYanked: string[] }
  | { kind: 'unreachable'; message: string };

export interface IndexOptions {
  upstream: Upstream;
  onEvent?(event: IndexEvent): void;
}

/** Answers a request whose path (`/as-of/<instant>/…`) is of the index. */
export type IndexHandler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/**
 * The package index as it was just before an instant: PEP 503 and 691 pages of what had been uploaded by then, the files and
 * the metadata of wheels, all through ourselves. What upstream has no time for is not there. An upstream that does not answer
 * is a 503, which clients try again.
 */
export function createIndexHandler(options: IndexOptions): IndexHandler {
  return async (request, response, path) => {
    const given = new AbortController();
    response.on('close', () => given.abort(new Error('the client went away')));
    try {
      await answer(request, response, path, options, given.signal);
    } catch (error) {
      if (given.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      options.onEvent?.({ kind: 'unreachable', message });
      // A file that was begun must not look complete.
      if (response.headersSent) response.destroy();
      else send(response, error instanceof Unreachable ? 503 : 500, `${message}\n`);
    }
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, path: string, options: IndexOptions, signal: AbortSignal): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'only GET and HEAD\n');
  const constraints = parseConstraintsPath(path);
  if (constraints) return send(response, 200, `${constraints.join('\n')}\n`);
  const asked = parseIndexPath(path);
  if (!asked) return send(response, 404, 'no such page; the index lists no names\n');
  const name = canonical(asked.project);
  if (asked.kind === 'page' && (name !== asked.project || !asked.slash)) {
    return send(response, 301, '', { location: `/${asked.view}/${asked.dates}/simple/${name}/` });
  }
  const page = await options.upstream.page(name, signal);
  if (!page) {
    options.onEvent?.({ kind: 'missing', project: name });
    return send(response, 404, `no project ${name}\n`);
  }
  if (asked.kind === 'page') return sendPage(request, response, asked, page, options);
  return sendFile(request, response, asked, page, options, signal);
}

function sendPage(request: IncomingMessage, response: ServerResponse, asked: IndexRequest, page: ProjectPage, { onEvent }: IndexOptions): void {
  const files = offeredFiles(asked, page);
  onEvent?.({ kind: 'page', project: page.project, offered: files.length, left: page.files.length });
  const { body, contentType } = renderPage(page.project, files, request.headers.accept);
  // Another build may ask as of another date, or find a file yanked.
  send(response, 200, request.method === 'HEAD' ? '' : body, { 'content-type': contentType, vary: 'Accept', 'cache-control': 'no-cache', 'content-length': String(Buffer.byteLength(body)) });
}

function offeredFiles(asked: IndexRequest, page: ProjectPage): IndexFile[] {
  const files = filesBefore(page, asked.before);
  return asked.view === 'predicted' ? predictedFiles(page.project, files) : files;
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  asked: Extract<IndexRequest, { filename: string }>,
  page: ProjectPage,
  { upstream: { client }, onEvent }: IndexOptions,
  signal: AbortSignal,
): Promise<void> {
  const files = filesBefore(page, asked.before);
  const file = files.find(({ filename }) => filename === asked.filename);
  if (asked.kind === 'metadata') {
    const sdist = asked.view === 'predicted' && !file ? sdistBehind(page.project, asked.filename, files) : undefined;
    if (sdist) return send(response, 200, await sdistMetadata(client, page.project, sdist, signal), { 'content-type': 'text/plain; charset=utf-8' });
    if (!file || !isWheel(file.filename)) return send(response, 404, `no metadata of ${asked.filename}\n`);
    return send(response, 200, await wheelMetadata(client, page.project, file, signal), { 'content-type': 'text/plain; charset=utf-8' });
  }
  if (!file) return send(response, 404, `no file ${asked.filename} before ${asked.before}\n`);
  if (request.method === 'HEAD') return send(response, 200, '', { 'accept-ranges': 'bytes', ...(file.sizeBytes === undefined ? {} : { 'content-length': String(file.sizeBytes) }) });
  if (request.headers.range !== undefined) return streamPart(client, file, request, response, signal);
  const streamed = await streamFile(client, file, response, signal);
  const version = versionOf(file.filename, page.project) ?? '';
  if (!streamed) return;
  const doubts = [...doubtsAbout(page, file), ...(file.yanked === undefined ? [] : [`${version} is yanked${reasonOf(file)}`])];
  onEvent?.({ kind: 'file', project: page.project, file, version, ...streamed, doubts, newerYanked: newerYanked(page, version, asked.before) });
}

/**
 * A yank has no time: a version that is yanked today may have been the one that pip took on the date. Those are named that
 * are newer than the file, where the file is no older one by its own kind.
 */
function newerYanked(page: ProjectPage, version: string, before: string): string[] {
  if (!valid(version)) return [];
  const yanked = filesBefore(page, before).filter((file) => file.yanked !== undefined);
  const versions = new Map(yanked.map((file) => [versionOf(file.filename, page.project) ?? '', file]));
  return [...versions].flatMap(([other, file]) => {
    const parsed = explain(other);
    return parsed && !parsed.is_prerelease && gt(other, version) ? [`${other} was there on the date and is yanked today${reasonOf(file)}`] : [];
  });
}

function reasonOf({ yanked }: IndexFile): string {
  return typeof yanked === 'string' ? ` (${yanked.slice(0, 200)})` : '';
}

function send(response: ServerResponse, status: number, body: string | Uint8Array, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(body);
}
