import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../../activities/io/directory.ts';
import { earlierExchanges } from '../../../../activities/record/journal.ts';
import type { ObjectStore } from '../../../../activities/io/store.ts';
import { memoryStore } from '../../../fakes/memory-store.ts';
import { proxied } from '../../../activities/record/proxied.ts';
import { plainUpstream, type TestUpstream } from '../../../activities/record/upstreams.ts';

const gigabyte = 1_000_000_000;
const portion = Buffer.alloc(1_000_000, 1);
const small = mkdtempSync(join(tmpdir(), 'reprise-small-'));
let site: TestUpstream;
/** Where the second half of /halves waits until it is let go. */
let halfway: ServerResponse | undefined;

beforeAll(async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  site = await plainUpstream((request, response) => {
    if (request.url === '/halves' && !halfway) return void (halfway = response.writeHead(200, { 'content-length': String(2 * portion.length) })).write(portion);
    const size = request.url === '/5gb' ? 5 * gigabyte : request.url === '/8mb' ? 8 * portion.length : 2 * portion.length;
    response.writeHead(200, { 'content-length': String(size) });
    Readable.from(portions(size)).on('error', () => undefined).pipe(response);
  });
});
afterAll(async () => {
  execFileSync('umount', [small]);
  await site.close();
});

function* portions(sizeBytes: number): Generator<Buffer> {
  for (let sent = 0; sent < sizeBytes; sent += portion.length) yield portion;
}

it('a full disk is told, stores nothing, and leaves nothing on it', async () => {
  const store = memoryStore();
  const proxy = await proxied(store, { reachable: [site.hostPort], scratchDirectory: small });
  const { exitCode } = await proxy.curl(`${site.origin}/8mb`);
  expect(exitCode).not.toBe(0);
  expect(await proxy.end()).toEqual([]);
  expect(proxy.troubles.causeOf({ code: 'BUILD_STEP_FAILED', reason: '' }, [])).toMatchObject({ code: 'DISK_FULL' });
  expect(store.objects.size).toBe(0);
  expect(proxy.scratch()).toEqual([]);
});

/** Reads what it is given, and keeps only what that was. */
function forgettingStore(): ObjectStore & { taken: { sizeBytes: number; sha256: string }[] } {
  const store = memoryStore();
  const taken: { sizeBytes: number; sha256: string }[] = [];
  return {
    ...store,
    taken,
    async putStreamIfAbsent(_key, body) {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const chunk of body.open() as AsyncIterable<Buffer>) {
        hash.update(chunk);
        sizeBytes += chunk.length;
      }
      taken.push({ sizeBytes, sha256: hash.digest('hex') });
      return 'created';
    },
  };
}

it('a body of 5 GB passes and is recorded whole', { timeout: 600_000 }, async () => {
  const store = forgettingStore();
  const proxy = await proxied(store as never, { reachable: [site.hostPort] });
  const { stdout } = await execa('sh', ['-c', 'curl -sS --proxy "$1" --noproxy nothing.invalid "$2" | sha256sum', 'sh', `http://127.0.0.1:${proxy.port}`, `${site.origin}/5gb`], { extendEnv: false, env: { PATH: process.env['PATH'] } });
  const passed = stdout.split(' ')[0];
  const exchanges = await proxy.end();
  expect(exchanges).toMatchObject([{ status: 200, body: { sizeBytes: 5 * gigabyte, sha256: passed } }]);
  expect(store.taken).toEqual([{ sizeBytes: 5 * gigabyte, sha256: passed }]);
  expect(proxy.scratch()).toEqual([]);
});

it('a proxy that is killed in the middle has stored nothing by halves, and a retry goes on from what it had', async () => {
  const [directory, scratch] = [mkdtempSync(join(tmpdir(), 'reprise-killed-')), mkdtempSync(join(tmpdir(), 'reprise-scratch-'))];
  const child = spawn(process.execPath, [join(import.meta.dirname, 'proxy-process.ts'), directory, scratch, site.hostPort], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = String((await once(child.stdout, 'data'))[0]).trim();
  const curl = (path: string) => execa('curl', ['-sS', '-o', '/dev/null', '--proxy', `http://127.0.0.1:${port}`, '--noproxy', 'nothing.invalid', site.origin + path], { reject: false, extendEnv: false, env: { PATH: process.env['PATH'] } });
  const store = createDirectoryStore(directory);
  expect((await curl('/whole')).exitCode).toBe(0);
  await expect.poll(() => earlierExchanges(store, 'test', 'serve'), { timeout: 20_000 }).toHaveLength(1);
  const halved = curl('/halves');
  await expect.poll(() => halfway !== undefined && readdirSync(scratch).length > 0, { timeout: 20_000 }).toBe(true);
  child.kill('SIGKILL');
  expect((await halved).exitCode).not.toBe(0);
  expect(readdirSync(scratch)).toEqual(['authority.pem']);
  expect(readdirSync(join(directory, 'cas', 'sha256'))).toHaveLength(1);
  const asked = site.asked.length;
  const retry = await proxied(store as never, { reachable: [site.hostPort], earlier: await earlierExchanges(store, 'test', 'serve') });
  for (const path of ['/whole', '/halves']) expect((await retry.curl(site.origin + path)).stdout).toHaveLength(2 * portion.length);
  expect(site.asked.slice(asked)).toEqual(['GET /halves']);
  expect((await retry.end()).map(({ body }) => body?.sizeBytes)).toEqual([2 * portion.length, 2 * portion.length]);
});
