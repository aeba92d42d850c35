import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { constraintsAddress, indexAddress } from '../../../../activities/pin/by-date/address.ts';
import { putJsonApi, putProject, serveIndex, startUpstream, type ServedIndex, type UpstreamServer } from './upstream-server.ts';

const json = 'application/vnd.pypi.simple.v1+json';
const asOf = '/as-of/2023-10-26T00:00:00.000Z';
const page = `${asOf}/simple/tool/`;

let upstream: UpstreamServer;
let index: ServedIndex;

beforeEach(async () => {
  upstream = await startUpstream();
  index = await serveIndex(`${upstream.url}/simple`);
});
afterEach(async () => {
  await index.close();
  await upstream.close();
});

const old = { filename: 'tool-1.0-py3-none-any.whl', uploadedAt: '2023-01-01T00:00:00.000001Z' };
const young = { filename: 'tool-2.0-py3-none-any.whl', uploadedAt: '2023-10-26T00:00:00Z' };

async function filenames(accept = json): Promise<string[]> {
  const { text } = await index.get(page, accept);
  return accept === json ? (JSON.parse(text) as { files: { filename: string }[] }).files.map(({ filename }) => filename) : [...text.matchAll(/>([^<]+)<\/a>/g)].map((match) => match[1] as string);
}

describe('a page of the index', () => {
  it.each(['json', 'html-times'] as const)('has what was uploaded before the instant, and nothing of the instant itself (%s)', async (form) => {
    putProject(upstream, 'tool', [old, young], form);
    expect(await filenames()).toEqual([old.filename]);
    expect(await filenames('text/html')).toEqual([old.filename]);
  });

  it('shows a project of its own date as of that date, and the others as of the first', async () => {
    putProject(upstream, 'tool', [old, young]);
    putProject(upstream, 'other', [{ ...old, filename: 'other-1.0-py3-none-any.whl' }, { ...young, filename: 'other-2.0-py3-none-any.whl' }]);
    const address = (name: string): string => new URL(`${indexAddress('2023-10-26T00:00:00.000Z', 'as-of', undefined, { tool: '2023-10-27T00:00:00.000Z' })}${name}/`).pathname;
    expect((await index.get(address('tool'))).text).toContain(young.filename);
    expect((await index.get(address('tool').replace('/simple/', '/files/') + young.filename)).status).toBe(200);
    expect((await index.get(address('other'))).text).not.toContain('other-2.0');
    expect((await index.get('/as-of/2023-10-26T00:00:00.000Z+tool=soon/simple/tool/')).status).toBe(404);
  });

  it('serves constraints, and no other text', async () => {
    const path = new URL(constraintsAddress(['setuptools<58', 'Cython>=0.29,<3'])).pathname;
    expect((await index.get(path)).text).toBe('setuptools<58\nCython>=0.29,<3\n');
    expect((await index.get('/constraints/--index-url=x')).status).toBe(404);
  });

  it('takes times from the JSON API where the page has none, for the very same file only', async () => {
    putProject(upstream, 'tool', [old, { ...young, filename: 'tool-1.5.tar.gz' }], 'html');
    putJsonApi(upstream, 'tool', [old, { filename: 'tool-1.5.tar.gz', bytes: Buffer.from('another'), uploadedAt: '2023-01-02T00:00:00Z' }]);
    expect(await filenames()).toEqual([old.filename]);
  });

  it('has nothing without a time', async () => {
    putProject(upstream, 'tool', [old, young], 'html');
    expect(await filenames()).toEqual([]);
  });

  it('tells JSON from HTML by what the client accepts', async () => {
    putProject(upstream, 'tool', [old]);
    const types = ['application/vnd.pypi.simple.latest+json, text/html;q=0.1', 'application/vnd.pypi.simple.v1+html', '*/*', 'text/html, application/vnd.pypi.simple.v1+json;q=0.1'];
    const answers = await Promise.all(types.map((accept) => index.get(page, accept)));
    expect(answers.map(({ headers }) => headers.get('content-type'))).toEqual([json, 'application/vnd.pypi.simple.v1+html', 'text/html; charset=utf-8', 'text/html; charset=utf-8']);
    expect(answers.map(({ headers }) => headers.get('vary'))).toEqual(['Accept', 'Accept', 'Accept', 'Accept']);
  });

  it('says of wheels that there are metadata, in JSON never by the name at which pip 23.0 stops', async () => {
    putProject(upstream, 'tool', [old, { filename: 'tool-1.0.tar.gz', uploadedAt: old.uploadedAt, requiresPython: '>=3.6,<4', yanked: 'it is "broken"' }]);
    const { text } = await index.get(page, json);
    const { files } = JSON.parse(text) as { files: Record<string, unknown>[] };
    expect(files).toEqual([expect.objectContaining({ 'core-metadata': true, 'upload-time': old.uploadedAt }), expect.objectContaining({ yanked: 'it is "broken"', 'requires-python': '>=3.6,<4' })]);
    expect(text).not.toContain('dist-info-metadata');
    const html = await index.get(page);
    expect(html.text).toContain('data-dist-info-metadata="true"');
    expect(html.text).toContain('data-requires-python="&gt;=3.6,&lt;4" data-yanked="it is &quot;broken&quot;"');
  });

  it.each([
    ['Tool', `${asOf}/simple/Tool/`],
    ['a missing slash', `${asOf}/simple/tool`],
    ['dots and underscores', `${asOf}/simple/to_.ol/`],
  ])('is found by its normal name: %s', async (_, path) => {
    const { status, headers } = await index.get(path);
    expect([status, headers.get('location')]).toEqual([301, path.includes('_') ? `${asOf}/simple/to-ol/` : page]);
  });

  it.each([`${asOf}/simple/`, '/simple/tool/', '/as-of/yesterday/simple/tool/', `${asOf}/files/tool/../../x`, `${asOf}/simple/..%2Ftool/`])('is not there at %s', async (path) => {
    expect((await index.get(path)).status).toBe(404);
    expect(upstream.asked).toEqual([]);
  });
});

describe('an upstream that is not as it should be', () => {
  const impatient = { answerMs: 300, silenceMs: 300, pageMs: 600 };

  /** A byte now and then, for as long as anybody listens. */
  function trickle(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': json }).write('{');
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  }

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['an error', (response) => response.writeHead(503).end()],
    ['too many requests', (response) => response.writeHead(429).end()],
    ['a 404 that passes', (response) => response.writeHead(404).end()],
    ['a connection that breaks off', (response) => response.destroy()],
    ['a body that is cut off', (response) => response.writeHead(200, { 'content-type': json, 'content-length': '900' }).write('{"files"', () => response.destroy())],
    ['a silence before the answer', () => undefined],
    ['a silence in the middle of the body', (response) => response.writeHead(200, { 'content-type': json, 'content-length': '900' }).write('{"files"')],
    ['a body that trickles', trickle],
  ])('is asked again after %s', { timeout: 20_000 }, async (_, first) => {
    await index.close();
    index = await serveIndex(`${upstream.url}/simple`, { patience: impatient });
    putProject(upstream, 'tool', [old]);
    upstream.before = (_request, response, times) => {
      if (times === 1) first(response);
      return times === 1;
    };
    expect(await filenames()).toEqual([old.filename]);
    expect(upstream.asked.filter((each) => each.includes('/simple/tool/'))).toHaveLength(2);
    expect(index.events.filter(({ kind }) => kind === 'unreachable')).toEqual([]);
  });

  it.each<[string, (response: ServerResponse) => unknown, RegExp]>([
    ['never answers', () => undefined, /no answer within 0\.3 s/],
    ['falls silent in the middle', (response) => response.writeHead(200, { 'content-type': json }).write('{'), /nothing came for 0\.3 s/],
    ['trickles', trickle, /not whole within 0\.6 s/],
    ['breaks off every time', (response) => response.destroy(), /\/simple\/tool\/: /],
  ])('that %s is a 503, named with its reason', { timeout: 30_000 }, async (_, each, reason) => {
    await index.close();
    index = await serveIndex(`${upstream.url}/simple`, { patience: impatient });
    upstream.before = (_request, response) => (each(response), true);
    expect((await index.get(page)).status).toBe(503);
    expect(index.events).toContainEqual({ kind: 'unreachable', message: expect.stringMatching(reason) });
  });

  it.each<[string, UpstreamServer['before']]>([
    ['redirects in a circle', (request, response) => Boolean(response.writeHead(302, { location: request.url }).end())],
    ['answers with something else', (_request, response) => Boolean(response.writeHead(200, { 'content-type': 'text/plain' }).end('hello'))],
    ['always fails', (_request, response) => Boolean(response.writeHead(500).end())],
  ])('that %s is a 503, never an empty page', { timeout: 20_000 }, async (_, before) => {
    if (before) upstream.before = before;
    const { status } = await index.get(page);
    expect(status).toBe(503);
    expect(index.events).toContainEqual({ kind: 'unreachable', message: expect.stringContaining('/simple/tool/') });
  });

  it('has no project of a name that is twice not there', async () => {
    expect((await index.get(page)).status).toBe(404);
    expect(upstream.asked).toHaveLength(2);
  });
});

describe('an upstream that contradicts itself', () => {
  let cacheDirectory: string;
  const hour = 3_600_000;
  let now = Date.parse('2026-01-01T00:00:00Z');
  beforeEach(async () => {
    cacheDirectory = mkdtempSync(join(tmpdir(), 'reprise-index-'));
    await index.close();
  });
  afterEach(() => rmSync(cacheDirectory, { recursive: true }));

  async function askedLater(): Promise<void> {
    now += 2 * hour;
    index = await serveIndex(`${upstream.url}/simple`, { cacheDirectory, now: () => now });
  }

  it('by another hash for the same file loses that file', async () => {
    putProject(upstream, 'tool', [old]);
    await askedLater();
    expect(await filenames()).toEqual([old.filename]);
    await index.close();
    putProject(upstream, 'tool', [{ ...old, bytes: Buffer.from('other') }]);
    await askedLater();
    expect(await filenames()).toEqual([]);
  });

  it('by an earlier time keeps the later one', async () => {
    putProject(upstream, 'tool', [young]);
    await askedLater();
    await filenames();
    await index.close();
    putProject(upstream, 'tool', [{ ...young, uploadedAt: '2020-01-01T00:00:00Z' }]);
    await askedLater();
    expect(await filenames()).toEqual([]);
  });

  it('by times that go backwards is named with the file', async () => {
    putProject(upstream, 'tool', [{ ...old, filename: 'tool-1.0.1-py3-none-any.whl' }, { ...old, filename: 'tool-1.0.0-py3-none-any.whl', uploadedAt: '2023-02-01T00:00:00Z' }]);
    await askedLater();
    await index.get(`${asOf}/files/tool/tool-1.0.1-py3-none-any.whl`);
    expect(index.events.at(-1)).toMatchObject({ kind: 'file', doubts: ['time goes backwards: 1.0.1 was uploaded before 1.0.0'] });
  });

  it('by a time that is yet to come has no time', async () => {
    putProject(upstream, 'tool', [{ ...old, uploadedAt: '2099-01-01T00:00:00Z' }]);
    await askedLater();
    const { text } = await index.get('/as-of/2100-01-01T00:00:00Z/simple/tool/', json);
    expect(JSON.parse(text)).toMatchObject({ files: [] });
  });

  it('is seen as it was where it is down now, and the file says so', { timeout: 20_000 }, async () => {
    putProject(upstream, 'tool', [old]);
    await askedLater();
    await filenames();
    await index.close();
    upstream.before = (request, response) => Boolean(request.url?.startsWith('/simple/') && response.writeHead(500).end());
    await askedLater();
    expect(await filenames()).toEqual([old.filename]);
  });
});
