import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../activities/pin/by-date/http.ts';
import { commitAsOf } from '../../../activities/pin/by-date/git-history.ts';
import { operatorsGuard } from '../../../activities/pin/by-date/operators-guard.ts';
import { startBuildProxy } from '../../../activities/pin/by-date/build-proxy.ts';
import { askRegistry } from '../../../activities/pin/registry.ts';
import { fetchAdded } from '../../../activities/record/added.ts';
import { createGuard } from '../../../activities/record/addresses.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { publicAddress, withNames, type Names } from '../../fixtures/names.ts';
import { proxied } from './proxied.ts';
import { plainUpstream, tlsUpstream, type TestUpstream } from './upstreams.ts';

const directory = mkdtempSync(join(tmpdir(), 'reprise-rebinding-'));
const patience = { answerMs: 250, silenceMs: 250 };
const direct = { caBundle: undefined, httpProxy: undefined, httpsProxy: undefined };
let names: Names | undefined;
const open: TestUpstream[] = [];

afterEach(async () => {
  names?.restore();
  for (const each of open.splice(0)) await each.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What asks an address of the submission's choice. */
type Way = (url: string) => Promise<unknown>;

async function throughProxy(url: string): Promise<void> {
  const proxy = await proxied(memoryStore(), patience);
  await proxy.curl(url);
  await proxy.end();
}

const ways: [string, 'http' | 'https', Way][] = [
  ['the registry of a base image', 'https', (url) => askRegistry({ host: new URL(url).host, repository: 'a/b', tag: '1' }, { connectTimeoutMs: 250, answerTimeoutMs: 250, caBundle: undefined, guard: createGuard(), signal: new AbortController().signal })],
  ['a repository by date', 'http', (url) => commitAsOf(`${url}/a.git`, undefined, '2023-10-26T00:00:00Z', { ...direct, ...patience, scratchDirectory: directory, signal: new AbortController().signal })],
  ['a model by date', 'https', (url) => commitAsOf(`${url}/org/model`, 'main', '2023-10-26T00:00:00Z', { ...direct, ...patience, scratchDirectory: directory, signal: new AbortController().signal })],
  ['where an index leads', 'http', async (url) => {
    const client = createHttpClient({ ...direct, ...patience, guard: operatorsGuard({ pipIndexUrl: 'https://index.example/simple' }) });
    await client.get(`${url}/packages/a.whl`, {}, { attempts: 1 }).catch(() => undefined);
    client.close();
  }],
  ['a recorded build over HTTP', 'http', (url) => throughProxy(url)],
  ['a recorded build over TLS, by CONNECT', 'https', (url) => throughProxy(url)],
  ['ADD of an address', 'http', async (url) => {
    const proxy = await proxied(memoryStore(), patience);
    const { port, troubles } = proxy;
    const added = { url: `${url}/f`, checksum: undefined, path: '.reprise/added/1/f', mode: 0o600, place: 'Dockerfile line 2: ADD' };
    await expect(fetchAdded({ port, troubles, stored: async () => undefined, signal: new AbortController().signal }, added)).rejects.toThrow();
    await proxy.end();
  }],
  ['a build without a recording, of which the index sees the past', 'http', async (url) => {
    const proxy = await startBuildProxy({ address: '127.0.0.1' });
    await throughPlainProxy(proxy.url, url);
    await proxy.close();
  }],
];

/** As `curl --proxy`, for at most a moment: the proxy itself waits for as long as its client does. */
async function throughPlainProxy(proxy: string, url: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const { hostname, port } = new URL(proxy);
    const asked = request({ hostname, port, path: url, timeout: 500 }, (answer) => answer.resume().on('close', () => resolve()));
    asked.on('timeout', () => asked.destroy()).on('error', () => resolve());
    asked.end();
  });
}

async function inside(scheme: 'http' | 'https'): Promise<TestUpstream> {
  const upstream = await (scheme === 'http' ? plainUpstream : tlsUpstream)((_request, response) => void response.end('of this machine'));
  open.push(upstream);
  return upstream;
}

const portOf = ({ hostPort }: TestUpstream): string => hostPort.split(':')[1] ?? '';

describe('a name that means another address a moment later', { timeout: 60_000 }, () => {
  it.each(ways)('leads %s to the very address that was judged', async (_what, scheme, ask) => {
    const hidden = await inside(scheme);
    names = withNames({ 'rebinding.example': [[publicAddress], ['127.0.0.1']] });
    await ask(`${scheme}://rebinding.example:${portOf(hidden)}`);
    const outside = names.attempts.filter((each) => each.endsWith(`:${portOf(hidden)}`));
    expect(new Set(outside)).toEqual(new Set([`${publicAddress}:${portOf(hidden)}`]));
    expect(hidden.asked).toEqual([]);
  });

  it.each(ways)('that means an inward address among others leads %s to the others alone', async (_what, scheme, ask) => {
    const hidden = await inside(scheme);
    names = withNames({ 'rebinding.example': [['127.0.0.1', '::1', publicAddress, '169.254.169.254']] });
    await ask(`${scheme}://rebinding.example:${portOf(hidden)}`);
    expect(new Set(names.attempts.filter((each) => each.endsWith(`:${portOf(hidden)}`)))).toEqual(new Set([`${publicAddress}:${portOf(hidden)}`]));
    expect(hidden.asked).toEqual([]);
  });

  it.each(ways)('that means an inward address alone leads %s nowhere', async (_what, scheme, ask) => {
    const hidden = await inside(scheme);
    names = withNames({ 'rebinding.example': [['127.0.0.1']] });
    await ask(`${scheme}://rebinding.example:${portOf(hidden)}`);
    expect(names.attempts.filter((each) => each.endsWith(`:${portOf(hidden)}`))).toEqual([]);
    expect(names.lookups.get('rebinding.example')).toBeGreaterThan(0);
    expect(hidden.asked).toEqual([]);
  });
});
