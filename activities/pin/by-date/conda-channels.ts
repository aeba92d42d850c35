import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Unreachable, type HttpClient } from './http.ts';
import { repodataBefore } from './repodata.ts';

const beforeArgument = 'REPRISE_CONDA_BEFORE';

/** A build argument that nothing in the image reads, and that the engine's cache goes by. */
export function condaBeforeLine(before: string): string {
  return `ARG ${beforeArgument}=${before}`;
}

/** The instant of which a pinned Dockerfile has conda see its channels; undefined where it has not. */
export function condaInstantIn(dockerfile: string): string | undefined {
  return new RegExp(`^ARG ${beforeArgument}=(\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z)\\r?$`, 'm').exec(dockerfile)?.[1];
}

/** Other forms of a channel's index, which clients do without where they are not there: repodata.json has it all. */
const otherForms = /\/(?:current_repodata\.json|repodata_from_packages\.json|repodata_shards\.msgpack)(?:\.\w+)?$|\/repodata\.json\.\w+$|\/repodata\.(?:jlap|info\.json)$/;

/**
 * Answers what conda asks of the channels that the operator names: their index without what was made at an instant or later, and
 * packages as they are. False where the address is none of a channel's.
 */
export function createCondaHandler(client: HttpClient, channels: readonly string[], before: string | undefined): (request: IncomingMessage, response: ServerResponse, url: string) => Promise<boolean> {
  return async (request, response, url) => {
    const address = before === undefined ? undefined : inChannel(url, channels);
    if (before === undefined || address === undefined) return false;
    const given = new AbortController();
    response.on('close', () => given.abort(new Error('the client went away')));
    try {
      await answer(request, response, address, client, before, given.signal);
    } catch (error) {
      if (given.signal.aborted) return true;
      // An index that was begun must not look complete.
      if (response.headersSent) response.destroy();
      else response.writeHead(error instanceof Unreachable ? 503 : 502, { 'content-type': 'text/plain; charset=utf-8' }).end(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    return true;
  };
}

/** As the operator writes it: a build may spell the same address with HTTP. */
function inChannel(url: string, channels: readonly string[]): string | undefined {
  const path = (address: string): string => address.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const channel = channels.find((each) => path(url).startsWith(`${path(each)}/`));
  return channel && `${channel.replace(/\/+$/, '')}${path(url).slice(path(channel).length)}`;
}

async function answer(request: IncomingMessage, response: ServerResponse, url: string, client: HttpClient, before: string, signal: AbortSignal): Promise<void> {
  const { pathname } = new URL(url);
  if (otherForms.test(pathname)) return void response.writeHead(404).end();
  const isIndex = pathname.endsWith('/repodata.json');
  const { range } = request.headers;
  const { status, headers, body } = await client.get(url, { 'accept-encoding': 'identity', ...(range === undefined || isIndex ? {} : { range }) }, { signal });
  const passed = (isIndex ? ['content-type'] : ['content-type', 'content-length', 'content-range', 'accept-ranges', 'last-modified']).flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]));
  response.writeHead(status, Object.fromEntries(passed));
  if (request.method === 'HEAD') return (body.destroy(), void response.end());
  await pipeline(isIndex && status === 200 ? Readable.from(repodataBefore(body, before)) : body, response);
}
