import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Settings } from '../../dependencies.ts';
import { shown, Unreachable, type HttpAnswer, type HttpClient } from './http.ts';

/** Where the archive of a distribution is found as of a date, and where it keeps what has left its mirrors; by address prefix. */
export type AptArchives = Pick<Settings, 'aptSnapshot' | 'aptArchive'>;

/** What a pinned Dockerfile asks of us for apt: arguments that nothing in the image reads, and that the engine's cache goes by. */
export interface AptDate {
  /** Exclusive; apt sees the mirrors as they are where it is undefined. */
  before: string | undefined;
  /** Whether what a mirror no longer has is looked for in the archive. */
  retired: boolean;
}

const beforeArgument = 'REPRISE_APT_BEFORE';
const archiveArgument = 'REPRISE_APT_ARCHIVE';

export function aptBeforeLine(before: string): string {
  return `ARG ${beforeArgument}=${before}`;
}

/** Asks for the archive of retired suites, from the line on where it stands. */
export const aptArchiveLine = `ARG ${archiveArgument}=on`;

export function aptDateIn(dockerfile: string): AptDate {
  const before = new RegExp(`^ARG ${beforeArgument}=(\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z)\\r?$`, 'm').exec(dockerfile)?.[1];
  return { before, retired: new RegExp(`^${aptArchiveLine}\\r?$`, 'm').test(dockerfile) };
}

/** Names of the servers that are answered for; none where the Dockerfile asks for nothing. */
export function aptHosts({ aptSnapshot = {}, aptArchive = {} }: AptArchives, { before, retired }: AptDate): string[] {
  const prefixes = [...(before === undefined ? [] : Object.keys(aptSnapshot)), ...(retired ? Object.keys(aptArchive) : [])];
  return [...new Set(prefixes.map((prefix) => new URL(prefix).hostname))];
}

/**
 * Answers what apt asks of its mirrors: from the snapshot archive as of the date, else from the mirror, and from the archive of
 * retired suites where the mirror has none of it. apt verifies what it gets as it always does: packages keep their signatures.
 * False where the address is none of a mirror's.
 */
export function createAptHandler(client: HttpClient, archives: AptArchives, date: AptDate): (request: IncomingMessage, response: ServerResponse, url: string) => Promise<boolean> {
  return async (request, response, url) => {
    const candidates = addressesFor(url, archives, date);
    if (candidates.length === 0) return false;
    const given = new AbortController();
    response.on('close', () => given.abort(new Error('the client went away')));
    try {
      const answer = await firstFound(client, candidates, request, given.signal);
      const kept = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'last-modified'].flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, String(answer.headers[name])]]));
      response.writeHead(answer.status, Object.fromEntries(kept));
      await pipeline(answer.body, response);
    } catch (error) {
      if (given.signal.aborted) return true;
      if (response.headersSent) response.destroy();
      else response.writeHead(error instanceof Unreachable ? 503 : 500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    return true;
  };
}

/** The addresses to be tried for one of a mirror's, in their order. */
export function addressesFor(url: string, { aptSnapshot = {}, aptArchive = {} }: AptArchives, { before, retired }: AptDate): string[] {
  const dated = before === undefined ? undefined : moved(url, aptSnapshot)?.replaceAll('{date}', timestampBefore(before));
  if (dated !== undefined) return [dated];
  const archived = retired ? moved(url, aptArchive) : undefined;
  return archived === undefined ? [] : [url, archived];
}

/** A mirror is the same by HTTP and by HTTPS. */
function moved(url: string, prefixes: Readonly<Record<string, string>>): string | undefined {
  const path = (address: string): string => address.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const asked = url.replace(/^https?:\/\//, '');
  const from = Object.keys(prefixes).filter((prefix) => asked.startsWith(`${path(prefix)}/`)).sort((a, b) => b.length - a.length)[0];
  return from === undefined ? undefined : `${prefixes[from]?.replace(/\/+$/, '')}${asked.slice(path(from).length)}`;
}

/** `20231025T235959Z`, as snapshot archives name their states: the last second before the instant. */
function timestampBefore(before: string): string {
  return `${new Date(Date.parse(before) - 1_000).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`;
}

async function firstFound(client: HttpClient, candidates: readonly string[], { headers }: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
  const asked = { 'accept-encoding': 'identity', ...(headers.range === undefined ? {} : { range: headers.range }) };
  for (const [index, url] of candidates.entries()) {
    const answer = await client.get(url, asked, { signal });
    if (answer.status !== 404 || index === candidates.length - 1) return answer;
    answer.body.resume();
  }
  throw new Unreachable(`${shown(candidates[0] ?? '')}: no address to ask`);
}
