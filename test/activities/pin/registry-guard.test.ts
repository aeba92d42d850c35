import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Docker from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import { createBaseResolver } from '../../../activities/pin/base-image.ts';
import { refuseInwardBases } from '../../../activities/pin/registry-guard.ts';
import { withNames, type Names } from '../../fixtures/names.ts';

const open: { close(): unknown }[] = [];
let names: Names | undefined;
afterEach(() => {
  names?.restore();
  for (const each of open.splice(0)) each.close();
});

async function listener(answer: RequestListener): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push(server);
  return { port: (server.address() as AddressInfo).port, asked };
}

/** An engine that has no image but `present`, knows the operator's registries, and notes what it is let pull. */
function engine({ registries = [], present }: { registries?: string[]; present?: string } = {}): { docker: Docker; pulled: string[] } {
  const pulled: string[] = [];
  const docker = {
    info: async () => ({ RegistryConfig: { InsecureRegistryCIDRs: ['127.0.0.0/8'], IndexConfigs: Object.fromEntries(['docker.io', ...registries].map((name) => [name, {}])) } }),
    getImage: (name: string) => ({
      inspect: () => (name === present ? Promise.resolve({ Id: `sha256:${'b'.repeat(64)}` }) : Promise.reject(Object.assign(new Error('no such image'), { statusCode: 404 }))),
    }),
    pull: (name: string) => (pulled.push(name), Promise.reject(new Error('connection refused'))),
  };
  return { docker: docker as unknown as Docker, pulled };
}

interface Given {
  registries?: string[];
  present?: string;
  imageMap?: Record<string, string>;
  reachable?: string[];
}

async function resolved(reference: string, { imageMap = {}, reachable = [], ...given }: Given = {}): Promise<{ outcome: unknown; pulled: string[] }> {
  const { docker, pulled } = engine(given);
  const settings = { imageMap, caBundle: undefined, recording: { authorityFile: '', reachable } };
  const resolver = createBaseResolver({ docker, settings, asOf: '2023-10-26T00:00:00Z', signal: new AbortController().signal });
  return { outcome: await resolver.resolve(reference, 3).catch((error: unknown) => error), pulled };
}

const digest = `sha256:${'1'.repeat(64)}`;
const refused = expect.objectContaining({ type: 'BASE_IMAGE_UNAVAILABLE', message: expect.stringMatching(/^line 3: .*its registry is not asked: .* of this machine/) });

describe('a registry that leads into this machine', () => {
  it.each(['127.0.0.1:PORT/x', 'localhost:PORT/x:1', 'a.localhost:PORT/x', '2130706433:PORT/x', '127.1:PORT/x', '0.0.0.0:PORT/x', `127.0.0.1:PORT/x@${digest}`, 'inside.example:PORT/x', '169.254.169.254/latest'])('is not asked, nor is the engine let ask it: %s', async (reference) => {
    const hidden = await listener((_request, response) => void response.writeHead(200, { 'docker-content-digest': digest }).end());
    names = withNames({ 'inside.example': [['127.0.0.1']] });
    const { outcome, pulled } = await resolved(reference.replace('PORT', String(hidden.port)));
    expect(outcome).toEqual(refused);
    expect({ asked: hidden.asked, pulled }).toEqual({ asked: [], pulled: [] });
  });

  it('is not followed there by its way to a token, nor by a redirect', async () => {
    const hidden = await listener((_request, response) => void response.end('{"token": "t", "created": "2023-01-01T00:00:00Z"}'));
    const there = `http://127.0.0.1:${hidden.port}/x`;
    const asking = await listener((_request, response) => void response.writeHead(401, { 'www-authenticate': `Bearer realm="${there}"` }).end());
    const leading = await listener((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(200, { 'docker-content-digest': digest }).end();
      return void (request.url?.includes('/blobs/') ? response.writeHead(307, { location: there }).end() : response.end(JSON.stringify({ config: { digest } })));
    });
    for (const { port, asked } of [asking, leading]) {
      const { outcome, pulled } = await resolved(`127.0.0.1:${port}/x`, { reachable: [`127.0.0.1:${port}`] });
      expect(outcome).toEqual(refused);
      expect(asked.length).toBeGreaterThan(0);
      expect(pulled).toEqual([]);
    }
    expect(hidden.asked).toEqual([]);
  });

  it('is none where the engine has the image by that name already', async () => {
    expect((await resolved('localhost:9/x:1', { present: 'localhost:9/x:1' })).outcome).toMatchObject({ source: 'engine', pinned: `sha256:${'b'.repeat(64)}` });
  });

  it.each([
    ['to the engine', (host: string): Given => ({ registries: [host] })],
    ['among what builds may reach', (host: string): Given => ({ reachable: [host] })],
    ['in the map of images', (host: string): Given => ({ imageMap: { 'other/x': `${host}/x:1` } })],
  ])('is asked where the operator named it %s', async (_how, given) => {
    const own = await listener((_request, response) => void response.writeHead(200, { 'docker-content-digest': digest }).end('{}'));
    const host = `127.0.0.1:${own.port}`;
    const { imageMap } = given(host);
    expect((await resolved(imageMap ? 'other/x' : `${host}/x:1`, given(host))).outcome).toMatchObject({ digest });
    expect(own.asked.length).toBeGreaterThan(0);
  });

  it.each([
    ['FROM', 'FROM inside.example:9/x@DIGEST'],
    ['COPY --from', 'FROM scratch\nCOPY --from=inside.example:9/x@DIGEST /a /b'],
    ['a mount', 'FROM scratch\nRUN --mount=from=inside.example:9/x@DIGEST,target=/a b'],
  ])('is refused again before the engine builds, as a name may have come to mean something else: %s', async (_what, text) => {
    names = withNames({ 'inside.example': [['127.0.0.1']] });
    const dockerfile = text.replace('DIGEST', digest);
    const settings = { imageMap: {} };
    await expect(refuseInwardBases('Dockerfile', dockerfile, (line) => line + 10, engine().docker, settings)).rejects.toThrow(expect.objectContaining({ type: 'BASE_IMAGE_UNAVAILABLE', message: expect.stringMatching(/^Dockerfile line 1[12]: the base image inside\.example:9\/x/) }));
    await refuseInwardBases('Dockerfile', dockerfile, (line) => line, engine({ present: `inside.example:9/x@${digest}` }).docker, settings);
    await refuseInwardBases('Dockerfile', dockerfile, (line) => line, engine({ registries: ['inside.example:9'] }).docker, settings);
  });
});
