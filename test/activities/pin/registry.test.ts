import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, test } from 'vitest';
import { createGuard } from '../../../activities/record/addresses.ts';
import { datedTags } from '../../../activities/pin/dated-tags.ts';
import { askRegistry, parseImageName, type RegistryAnswer } from '../../../activities/pin/registry.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const inner = `sha256:${'2'.repeat(64)}`;
const config = `sha256:${'3'.repeat(64)}`;

let server: Server | undefined;
afterEach(() => server?.close());

/** A registry that answers as the table says; paths without the repository's prefix. */
async function ask(
  answer: (path: string, request: IncomingMessage, response: ServerResponse) => void,
  signal = new AbortController().signal,
): Promise<RegistryAnswer> {
  server = createServer((request, response) => answer((request.url ?? '').replace('/v2/team/image', ''), request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return askRegistry(
    { host: `127.0.0.1:${port}`, repository: 'team/image', tag: '1' },
    { connectTimeoutMs: 300, answerTimeoutMs: 300, caBundle: undefined, guard: createGuard([`127.0.0.1:${port}`]), signal },
  );
}

test.each([
  ['debian', { host: 'docker.io', repository: 'library/debian' }],
  ['pytorch/pytorch:2.1.0-cuda12.1-cudnn8-devel', { host: 'docker.io', repository: 'pytorch/pytorch', tag: '2.1.0-cuda12.1-cudnn8-devel' }],
  ['ghcr.io/a/b/c@' + digest, { host: 'ghcr.io', repository: 'a/b/c', digest }],
  ['localhost:5000/a:1@' + digest, { host: 'localhost:5000', repository: 'a', tag: '1', digest }],
  ['Debian', undefined],
  ['a b', undefined],
  ['', undefined],
])('%j is read as the engine reads it', (reference, name) => {
  expect(parseImageName(reference)).toEqual(name);
});

test.each([
  ['bookworm-slim', ['bookworm-20231030-slim', 'bookworm-20231009-slim', 'bookworm-20230919-slim', 'bookworm-20231009', 'bookworm-slim', 'bullseye-20231009-slim'], ['bookworm-20231009-slim', 'bookworm-20230919-slim']],
  ['jammy', ['jammy-20231004', 'jammy-20230916.1', 'jammy-20240101', 'jammy'], ['jammy-20231004', 'jammy-20230916.1']],
  ['latest', ['20231004', 'latest-20231001'], ['latest-20231001']],
  ['23.10', ['23.10-py3', '23.09', '12345678901'], []],
])('the states of %s by their date', (moving, tags, expected) => {
  expect(datedTags(tags, moving, '2023-10-25T23:59:59Z')).toEqual(expected);
});

describe('a registry', () => {
  it('with tokens gives the digest and the time of the image for our platform', async () => {
    const answer = await ask((path, request, response) => {
      const { port } = { port: request.socket.localPort };
      const json = (body: unknown): void => void response.end(JSON.stringify(body));
      if (path.startsWith('/token')) return json({ token: `t ${new URL(path, 'http://x').searchParams.get('scope') ?? ''}` });
      if (path === '/elsewhere') return json({ created: '2023-10-01T00:00:00Z' });
      if (request.headers.authorization !== 'Bearer t repository:team/image:pull') {
        response.writeHead(401, {
          'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token",service="s",scope="repository:team/image:pull"`,
        });
        return void response.end();
      }
      const accepted = request.headers.accept?.split(', ').length;
      if (path === '/manifests/1') return void response.writeHead(accepted === 4 ? 200 : 404, { 'docker-content-digest': digest }).end();
      if (path === `/manifests/${digest}`)
        return json({
          manifests: [
            { digest: 'sha256:0', platform: { os: 'linux', architecture: 'arm64' } },
            { digest: inner, platform: { os: 'linux', architecture: 'amd64' } },
          ],
        });
      if (path === `/manifests/${inner}`) return json({ config: { digest: config } });
      return void response.writeHead(path === `/blobs/${config}` ? 307 : 404, { location: '/elsewhere' }).end();
    });
    expect(answer).toEqual({ status: 'found', digest, createdAt: '2023-10-01T00:00:00Z' });
  });

  it.each([
    ['404', 'absent', (response: ServerResponse) => response.writeHead(404).end()],
    ['401 without a way to a token', 'denied', (response: ServerResponse) => response.writeHead(401).end()],
    ['403', 'denied', (response: ServerResponse) => response.writeHead(403).end()],
    ['500', 'unreachable', (response: ServerResponse) => response.writeHead(500).end()],
    ['200 without a digest', 'unreachable', (response: ServerResponse) => response.writeHead(200).end()],
    ['nothing', 'unreachable', () => undefined],
    ['a closed connection', 'unreachable', (response: ServerResponse) => response.destroy()],
  ])('that answers %s is %s', async (_what, status, answer) => {
    expect(await ask((_path, _request, response) => void answer(response))).toMatchObject({ status });
    server?.closeAllConnections();
  });

  it('that says nothing of the time still gives the digest', async () => {
    const answer = await ask(
      (_path, request, response) =>
        void response.writeHead(200, { 'docker-content-digest': digest }).end(request.method === 'GET' ? 'no json' : undefined),
    );
    expect(answer).toEqual({ status: 'found', digest });
  });

  it('is not waited for once the run is cancelled', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await expect(ask(() => undefined, controller.signal)).rejects.toThrow();
    server?.closeAllConnections();
  });
});
