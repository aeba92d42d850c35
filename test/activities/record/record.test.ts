import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { earlierExchanges } from '../../../activities/record/journal.ts';
import { blobKey } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { proxied } from './proxied.ts';
import { plainUpstream, tlsUpstream, type TestUpstream } from './upstreams.ts';

const open: { close?(): Promise<unknown>; end?(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await (each.end?.() ?? each.close?.());
});

function kept<Each extends { close?(): Promise<unknown>; end?(): Promise<unknown> }>(each: Each): Each {
  open.push(each);
  return each;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const large = randomBytes(3_000_000);
const packed = gzipSync('text that was packed');

function website(): Promise<TestUpstream> {
  let flaky = 0;
  let seen = 0;
  return plainUpstream((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/large') return answerRange(request.headers.range, response);
    if (pathname === '/packed') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    if (pathname === '/moved') return void response.writeHead(302, { location: '/signed?token=tok-123456&x=1', 'set-cookie': 'who=me' }).end();
    if (pathname === '/loop') return void response.writeHead(302, { location: '/loop' }).end();
    if (pathname === '/signed') return void response.end(`signed ${request.headers.authorization ?? ''}`);
    if (pathname === '/flaky') return void response.writeHead((flaky += 1) === 1 ? 503 : 200).end(`try ${flaky}`);
    if (pathname === '/appears') return void response.writeHead((seen += 1) === 1 ? 404 : 200).end(`look ${seen}`);
    if (pathname === '/silent') return;
    if (pathname === '/stalls') return void response.writeHead(200, { 'content-length': '5000' }).write('begin');
    if (pathname === '/cut') return void response.writeHead(200, { 'content-length': '5000' }).write('begin', () => setTimeout(() => response.destroy(), 50));
    if (pathname === '/conditional') return void response.writeHead(request.headers['if-none-match'] === undefined ? 200 : 304, { etag: '"1"' }).end('whole');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(`${request.method} ${pathname} ${body}`));
  });
}

function answerRange(range: string | undefined, response: ServerResponse): void {
  const match = /bytes=(\d+)-(\d+)/.exec(range ?? '');
  if (!match) return void response.writeHead(200, { 'content-length': String(large.length), 'accept-ranges': 'bytes' }).end(large);
  const part = large.subarray(Number(match[1]), Number(match[2]) + 1);
  response.writeHead(206, { 'content-length': String(part.length), 'content-range': `bytes ${match[1]}-${match[2]}/${large.length}` }).end(part);
}

async function recording(settings: Parameters<typeof proxied>[1] = {}, store = memoryStore()) {
  const site = kept(await website());
  const proxy = kept(await proxied(store, { reachable: [site.hostPort], ...settings }));
  return { site, store, proxy };
}

describe('what passes the proxy is recorded', () => {
  it('by content, and answers again when the server is gone', async () => {
    const { site, store, proxy } = await recording();
    const paths = ['/large', '/packed', '/plain', '/large'];
    const bodies: Buffer[] = [];
    for (const path of paths) bodies.push((await proxy.curl(site.origin + path)).stdout);
    const exchanges = await proxy.end();
    expect(sha256(bodies[0] ?? Buffer.alloc(0))).toBe(sha256(large));
    expect(bodies[1]).toEqual(packed);
    expect(exchanges.map(({ url, status, body }) => [url.slice(site.origin.length), status, body?.sha256])).toContainEqual(['/packed', 200, sha256(packed)]);
    expect(exchanges).toHaveLength(3);
    expect(proxy.scratch()).toEqual([]);
    expect(store.objects.has(blobKey(sha256(large)))).toBe(true);
    expect(await earlierExchanges(store, 'test', 'serve')).toEqual(exchanges);
    await site.close();
    const replay = kept(await proxied(store, { replay: exchanges }));
    for (const [index, path] of paths.entries()) expect(sha256((await replay.curl(site.origin + path)).stdout)).toBe(sha256(bodies[index] ?? Buffer.alloc(0)));
    expect(replay.troubles.all()).toEqual([]);
  });

  it('inside TLS, with the operator’s authorities for the server and ours for the build', async () => {
    const site = kept(await tlsUpstream((_request, response) => void response.end('over TLS')));
    const store = memoryStore();
    const distrusting = kept(await proxied(store, { reachable: [site.hostPort] }));
    expect((await distrusting.curl(site.origin)).stdout.toString()).toContain('self-signed certificate');
    const proxy = kept(await proxied(store, { reachable: [site.hostPort], caBundle: site.caBundle }));
    expect((await proxy.curl(`${site.origin}/a`)).stdout.toString()).toBe('over TLS');
    const exchanges = await proxy.end();
    expect(exchanges).toMatchObject([{ url: `${site.origin}/a`, status: 200 }]);
    const replay = kept(await proxied(store, { replay: exchanges }));
    expect((await replay.curl(`${site.origin}/a`)).stdout.toString()).toBe('over TLS');
  });

  it('without what proves who asked', async () => {
    const { site, store, proxy } = await recording();
    const address = site.origin.replace('://', '://user:pass-word-1@');
    const { stdout } = await proxy.curl('-L', '-u', 'user:pass-word-1', '-H', 'Cookie: c=cookie-1', `${address}/moved?api_key=key-123456`);
    expect(stdout.toString()).toContain('signed Basic');
    const exchanges = await proxy.end();
    const stored = [...store.objects.entries()].filter(([key]) => !key.startsWith('cas/')).map(([, bytes]) => Buffer.from(bytes).toString()).join();
    for (const secret of ['pass-word-1', 'cookie-1', 'tok-123456', 'key-123456', 'who=me', 'Basic']) expect(stored + JSON.stringify(exchanges)).not.toContain(secret);
    const replay = kept(await proxied(store, { replay: exchanges }));
    expect((await replay.curl('-L', `${site.origin}/moved?api_key=another`)).stdout.toString()).toContain('signed');
  });

  it('with the bodies that were sent, by their hash', async () => {
    const { site, store, proxy } = await recording();
    await proxy.curl('-d', 'one', `${site.origin}/post`);
    await proxy.curl('-d', 'two', '-H', 'Transfer-Encoding: chunked', `${site.origin}/post`);
    const exchanges = await proxy.end();
    const replay = kept(await proxied(store, { replay: exchanges }));
    expect((await replay.curl('-d', 'two', `${site.origin}/post`)).stdout.toString()).toBe('POST /post two');
    expect((await replay.curl('-d', 'three', `${site.origin}/post`)).stdout.toString()).toContain('not in the recording');
    expect(replay.troubles.causeOf(undefined, [])).toEqual({ code: 'REPLAY_MISSING_REQUEST', reason: `POST ${site.origin}/post: this request is not in the recording` });
  });

  it('with ranges; a whole body answers any', async () => {
    const { site, store, proxy } = await recording();
    const part = await proxy.curl('-r', '10-99', `${site.origin}/large`);
    expect(part.stdout).toEqual(large.subarray(10, 100));
    await proxy.curl(`${site.origin}/large`);
    const replay = kept(await proxied(store, { replay: await proxy.end() }));
    for (const [range, from, to] of [['10-99', 10, 100], ['0-0', 0, 1], ['2999990-', 2_999_990, 3_000_000], ['-5', 2_999_995, 3_000_000], ['1000000-2000000', 1_000_000, 2_000_001]] as const) {
      const { stdout } = await replay.curl('-r', range, '-w', '%{http_code}', `${site.origin}/large`);
      expect(stdout).toEqual(Buffer.concat([large.subarray(from, to), Buffer.from('206')]));
    }
    const head = await replay.curl('-I', `${site.origin}/large`);
    expect(head.stdout.toString()).toMatch(/200[\s\S]*content-length: 3000000/i);
  });

  it('whole, whatever condition was asked', async () => {
    const { site, proxy } = await recording();
    expect((await proxy.curl('-H', 'If-None-Match: "1"', `${site.origin}/conditional`)).stdout.toString()).toBe('whole');
  });

  it('in its order: what was missing first is missing first again, and a passing refusal is not', async () => {
    const { site, store, proxy } = await recording();
    const statuses = async (through: typeof proxy, path: string): Promise<string> => (await through.curl('-o', '/dev/null', '-w', '%{http_code}', site.origin + path)).stdout.toString();
    for (const path of ['/appears', '/appears', '/flaky', '/flaky']) await statuses(proxy, path);
    const replay = kept(await proxied(store, { replay: await proxy.end() }));
    expect([await statuses(replay, '/appears'), await statuses(replay, '/appears'), await statuses(replay, '/appears')]).toEqual(['404', '200', '200']);
    expect(await statuses(replay, '/flaky')).toBe('200');
  });

  it('once, where a redirect leads in a circle', async () => {
    const { site, proxy } = await recording();
    expect((await proxy.curl('-L', '--max-redirs', '20', `${site.origin}/loop`)).exitCode).toBe(47);
    expect(await proxy.end()).toHaveLength(1);
  });

  it('and not fetched again by a later attempt', async () => {
    const { site, store, proxy } = await recording();
    await proxy.curl(`${site.origin}/large`);
    await proxy.end();
    const later = kept(await proxied(store, { reachable: [site.hostPort], earlier: await earlierExchanges(store, 'test', 'serve') }));
    expect(sha256((await later.curl(`${site.origin}/large`)).stdout)).toBe(sha256(large));
    expect(site.asked).toEqual(['GET /large']);
    expect(await later.end()).toHaveLength(1);
  });
});

describe('what goes wrong is told', () => {
  it.each([
    ['a body that is cut off', '/cut', 'BUILD_NETWORK', 18],
    ['a server that takes the request and never answers', '/silent', 'BUILD_NETWORK', 0],
    ['a body that stalls', '/stalls', 'BUILD_NETWORK', 18],
    ['a server that is down', 'down', 'BUILD_NETWORK', 0],
    ['this machine’s own services', 'inward', 'BUILD_NETWORK_REFUSED', 0],
  ])('%s', async (_what, path, code, exitCode) => {
    const { site, store, proxy } = await recording({ answerMs: 300, silenceMs: 300, ...(path === 'inward' ? { reachable: [] } : {}) });
    if (path === 'down') await site.close();
    const asked = await proxy.curl(path.startsWith('/') ? site.origin + path : site.origin);
    expect(asked.exitCode).toBe(exitCode);
    const exchanges = await proxy.end();
    expect(proxy.troubles.causeOf({ code: 'BUILD_STEP_FAILED', reason: '' }, [])).toMatchObject({ code, reason: expect.stringContaining(site.origin) });
    expect(exchanges.filter(({ body }) => body !== null)).toEqual([]);
    expect([...store.objects.keys()].filter((key) => key.startsWith('cas/'))).toEqual([]);
    expect(proxy.scratch()).toEqual([]);
  });

  it('a failure that the build got over answers in the same way again', async () => {
    const { site, store, proxy } = await recording();
    await site.close();
    await proxy.curl(site.origin);
    const replay = kept(await proxied(store, { replay: await proxy.end() }));
    expect((await replay.curl('-w', '%{http_code}', site.origin)).stdout.toString()).toMatch(/502$/);
    expect(replay.troubles.all()).toEqual([]);
  });

  it('a tunnel that is neither TLS nor HTTP', async () => {
    const { proxy } = await recording();
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('CONNECT git.example:22 HTTP/1.1\r\nHost: git.example:22\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('SSH-2.0-OpenSSH\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(proxy.troubles.causeOf(undefined, [])).toMatchObject({ code: 'BUILD_NETWORK_REFUSED', reason: expect.stringContaining('git.example:22') });
  });

  it('a program that trusts only its own authorities', async () => {
    const site = kept(await tlsUpstream((_request, response) => void response.end()));
    const proxy = kept(await proxied(memoryStore(), { reachable: [site.hostPort] }));
    await proxy.curl('--cacert', site.caBundle, site.origin);
    await expect.poll(() => proxy.troubles.causeOf({ code: 'BUILD_NETWORK', reason: '' }, [])).toMatchObject({ code: 'BUILD_TLS_REFUSED' });
  });

  it('a store that does not take an answer', async () => {
    const store = memoryStore();
    const { site, proxy } = await recording({}, { ...store, putIfAbsent: async (key, ...rest) => (key.startsWith('cas/') ? Promise.reject(new Error('the store is away')) : store.putIfAbsent(key, ...rest)) });
    await proxy.curl(`${site.origin}/plain`);
    expect(await proxy.end()).toEqual([]);
    expect(proxy.troubles.causeOf({ code: 'BUILD_STEP_FAILED', reason: '' }, [])).toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  it('a step that went out past the proxy', async () => {
    const { proxy } = await recording();
    const lines = ["fatal: unable to connect to git.example:", 'git.example: Temporary failure in name resolution'];
    expect(proxy.troubles.causeOf({ code: 'BUILD_NETWORK', reason: '' }, lines)).toMatchObject({ code: 'BUILD_NETWORK_REFUSED', reason: expect.stringContaining('git.example') });
    expect(proxy.troubles.causeOf({ code: 'BUILD_OUT_OF_MEMORY', reason: '' }, lines)).toBeUndefined();
  });
});
