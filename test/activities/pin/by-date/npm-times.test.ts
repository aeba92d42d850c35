import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient } from '../../../../activities/pin/by-date/http.ts';
import { npmKnowsBefore } from '../../../../activities/pin/by-date/npm-times.ts';
import { startUpstream, type UpstreamServer } from './upstream-server.ts';

let registry: UpstreamServer;
let client: HttpClient;
beforeEach(async () => {
  registry = await startUpstream();
  client = createHttpClient({ caBundle: undefined, httpProxy: undefined, httpsProxy: undefined });
  registry.pages.set('/@team/tool', { type: 'application/json', body: JSON.stringify({ time: { created: '2020-01-01T00:00:00Z', '1.0.0': '2023-01-01T00:00:00Z' }, versions: { '1.0.0': {} } }) });
  registry.pages.set('/copied', { type: 'application/json', body: JSON.stringify({ time: { '1.0.0': '2025-11-17T18:28:56.206Z' }, versions: { '1.0.0': {} } }) });
});
afterEach(async () => {
  client.close();
  await registry.close();
});

describe('npm by date', () => {
  it.each([
    ['is possible where every package has a version from before', ['@team/tool@^1'], true],
    ['is not where a mirror stamps its copies', ['@team/tool', 'copied'], false],
    ['is not where a package is unknown', ['missing'], false],
    ['is not where names stand in a package.json', ['package.json'], false],
  ])('%s', async (_, specs, expected) => {
    const inputs = specs.map((spec) => ({ kind: 'npm', spec, line: 1, verdict: 'by-date' }) as const);
    expect(await npmKnowsBefore(client, registry.url, inputs, '2023-10-26T00:00:00Z', new AbortController().signal)).toBe(expected);
  });
});
