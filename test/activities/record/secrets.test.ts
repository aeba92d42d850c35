import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { recordMasks, type RecordMasks } from '../../../activities/record/masked-body.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { proxied } from './proxied.ts';
import { plainUpstream } from './upstreams.ts';

const directory = mkdtempSync(join(tmpdir(), 'reprise-record-secrets-'));
const fingerprintKeyFile = join(directory, 'fingerprint.key');
writeFileSync(fingerprintKeyFile, '11'.repeat(32));
const value = 'p/ss+w0rd of=the operator';

function masksFor(secret: string): Promise<RecordMasks> {
  return recordMasks({ fingerprintKeyFile, scratchDirectory: directory, exposedSecrets: [{ name: 'TEAM_KEY', value: secret }] });
}

/** Says again what it was asked with: in a header, as text, packed, and as bytes. */
function echo() {
  return plainUpstream((request, response) => {
    const said = `${request.url} ${request.headers.authorization ?? ''} ${request.headers['x-key'] ?? ''}`;
    response.setHeader('x-echo', String(request.headers['x-key'] ?? ''));
    if (request.url?.startsWith('/packed')) return void response.setHeader('content-encoding', 'gzip').end(gzipSync(said));
    if (request.url?.startsWith('/bytes')) return void response.end(Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(said)]));
    response.end(said);
  });
}

it('records what a token was fetched with, and nothing of the token', async () => {
  const store = memoryStore();
  const site = await echo();
  const proxy = await proxied(store, { reachable: [site.hostPort], masks: await masksFor(value) });
  const base = `http://${site.hostPort}`;
  const ask = async (path: string): Promise<string> => (await proxy.curl('-H', `X-Key: ${value}`, '-u', `user:${value}`, `${base}${path}`)).stdout.toString('utf8');
  const address = `/of/${encodeURIComponent(value)}?q=${encodeURIComponent(value)}`;
  expect(await ask(address)).toContain(value);
  for (const path of ['/packed', '/bytes']) await ask(path);
  const exchanges = await proxy.end();
  await site.close();
  expect(exchanges.map(({ url, masked, failed }) => [url.replace(base, ''), masked, failed === undefined])).toEqual([
    ['/of/[redacted:TEAM_KEY]?q=[redacted:TEAM_KEY]', true, true],
    ['/packed', true, false],
    ['/bytes', true, false],
  ]);
  const stored = [...store.objects].map(([key, bytes]) => `${key} ${Buffer.from(bytes).toString('latin1')}`).join('\n');
  expect(stored).toContain('[redacted:TEAM_KEY]');
  for (const form of [value, encodeURIComponent(value), Buffer.from(`user:${value}`).toString('base64')]) expect(stored).not.toContain(form);

  const renewed = 'another value of the operator';
  const replay = await proxied(store, { replay: exchanges, masks: await masksFor(renewed) });
  const answered = await replay.curl(`${base}/of/${encodeURIComponent(renewed)}?q=${encodeURIComponent(renewed)}`);
  expect(answered.stdout.toString('utf8')).toContain('[redacted:TEAM_KEY]');
  await replay.end();
});
