import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBaseResolver, type BaseResolver } from '../../../../activities/pin/base-image.ts';
import { parseDockerfile } from '../../../../activities/pin/dockerfile.ts';
import { rewrite } from '../../../../activities/pin/rewrite.ts';
import { ensureProgram } from '../../../fixtures/debian-package.ts';

const docker = new Docker({ socketPath: process.env['REPRISE_DOCKER_SOCKET'] ?? '/var/run/docker.sock' });
const before = '2000-01-01T00:00:00Z';
const after = '2100-01-01T00:00:00Z';
const name = `reprise-test-${process.pid}`;

function resolver(options: { asOf?: string; imageMap?: Record<string, string>; reachable?: string[] } = {}): BaseResolver {
  return createBaseResolver({
    docker,
    settings: { imageMap: options.imageMap ?? {}, caBundle: undefined, recording: { authorityFile: '', reachable: options.reachable ?? [] } },
    asOf: options.asOf ?? after,
    signal: new AbortController().signal,
  });
}

/** An image of one small file, as the engine imports it. */
async function importImage(tag: string, changes: string[] = []): Promise<string> {
  const archive = pack();
  archive.entry({ name: 'marker' }, tag);
  archive.finalize();
  const query = { repo: tag.slice(0, tag.lastIndexOf(':')), tag: tag.slice(tag.lastIndexOf(':') + 1), changes };
  await text((await docker.importImage(archive as unknown as NodeJS.ReadableStream, query)) as unknown as Readable);
  return (await docker.getImage(tag).inspect()).Id;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a base image that only the engine has', () => {
  const tag = `${name}:1`;
  let id = '';
  beforeAll(async () => {
    id = await importImage(tag);
  });
  afterAll(() => docker.getImage(tag).remove({ force: true }));

  it('is pinned by its id, and said to be near', async () => {
    expect(await resolver().resolve(tag, 1)).toMatchObject({ pinned: id, source: 'engine', fidelity: 'near', line: 1 });
  });

  it('is a substitution where it was made with debootstrap', async () => {
    const made = await importImage(`${name}:debootstrap`, ['LABEL reprise.origin=debootstrap']);
    const found = await resolver().resolve(`${name}:debootstrap`, 1);
    await docker.getImage(`${name}:debootstrap`).remove({ force: true });
    expect(found).toMatchObject({ pinned: made, source: 'debootstrap', fidelity: 'substitution' });
  });

  it('is a substitution where the operator maps to it', async () => {
    const found = await resolver({ imageMap: { 'nvidia/cuda:12': tag } }).resolve('nvidia/cuda:12', 2);
    expect(found).toMatchObject({ reference: 'nvidia/cuda:12', pinned: id, source: 'mapped', fidelity: 'substitution' });
  });

  it('builds with the classic builder from the rewritten Dockerfile', async () => {
    const dockerfile = parseDockerfile(Buffer.from(`FROM ${tag} AS base\nCOPY note /note\nFROM base\n`));
    const { text: rewritten } = rewrite(dockerfile, [await resolver().resolve(tag, 1)], true);
    const context = pack();
    context.entry({ name: 'Dockerfile' }, rewritten);
    context.entry({ name: 'note' }, 'x');
    for (const path of ['ca.pem', 'wgetrc', 'apt.conf']) context.entry({ name: `.reprise/${path}` }, 'trust');
    context.finalize();
    const log = await text((await docker.buildImage(context as unknown as NodeJS.ReadableStream, { t: `${name}:built` })) as Readable);
    expect(log).toContain('Successfully built');
    const { Config } = await docker.getImage(`${name}:built`).inspect();
    await docker.getImage(`${name}:built`).remove({ force: true });
    expect(Config.Env ?? []).not.toContainEqual(expect.stringContaining('CERT'));
  });
});

describe('a registry that answers', () => {
  let registry: ChildProcess | undefined;
  let directory = '';
  let reference = '';

  beforeAll(async () => {
    await ensureProgram(['/usr/bin/docker-registry'], 'docker-registry');
    const port = await freePort();
    directory = await mkdtemp(join(tmpdir(), 'registry-'));
    const config = `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${directory}}}\nhttp: {addr: 127.0.0.1:${port}}\n`;
    await writeFile(join(directory, 'config.yml'), config);
    registry = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
    reference = `127.0.0.1:${port}/${name}:1`;
    await importImage(reference);
    await answering(`http://127.0.0.1:${port}/v2/`);
    await text((await docker.getImage(reference).push({ authconfig: {} })) as Readable);
    await docker.getImage(reference).remove({ force: true });
  }, 120_000);

  afterAll(async () => {
    registry?.kill();
    if (directory !== '') await rm(directory, { recursive: true, force: true });
  });

  it('gives the digest, faithful where the image is older than the date', async (context) => {
    if (!registry) return context.skip('docker-registry is not installed');
    const found = await resolver({ reachable: [hostOf(reference)] }).resolve(reference, 1);
    expect(found).toMatchObject({ source: 'registry', fidelity: 'faithful', pinned: `${reference.replace(/:1$/, '')}@${found.digest}` });
    expect(found.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('is near where the tag moved after the date', async (context) => {
    if (!registry) return context.skip('docker-registry is not installed');
    expect(await resolver({ asOf: before, reachable: [hostOf(reference)] }).resolve(reference, 1)).toMatchObject({ source: 'registry', fidelity: 'near' });
  });

  it('gives the newest state of a tag that moved, where its publisher tagged it by the date, and the image is no younger', async (context) => {
    if (!registry) return context.skip('docker-registry is not installed');
    const host = new URL(`http://${reference}`).host;
    const made: Record<string, string> = {};
    const tags = { 'stable-slim': '2024-03-01', 'stable-20240301-slim': '2024-03-01', 'stable-20231009-slim': '2023-10-09', 'stable-20231020-slim': '2024-02-02', 'stable-20230901-slim': '2023-09-01' };
    for (const [tag, date] of Object.entries(tags)) made[tag] = await putImage(host, 'moving', tag, `${date}T00:00:00Z`);
    const resolve = (asOf: string): Promise<unknown> => resolver({ asOf, reachable: [host] }).resolve(`${host}/moving:stable-slim`, 1);
    expect(await resolve('2023-10-25T23:59:59Z')).toMatchObject({ digest: made['stable-20231009-slim'], pinned: `${host}/moving@${made['stable-20231009-slim']}`, fidelity: 'near', reason: expect.stringContaining('stable-20231009-slim') });
    expect(await resolve('2024-06-01T00:00:00Z')).toMatchObject({ digest: made['stable-slim'], fidelity: 'faithful' });
    expect(await resolve('2020-01-01T00:00:00Z')).toMatchObject({ digest: made['stable-slim'], fidelity: 'near', reason: expect.stringContaining('no older state') });
  });

  it('gives a reference that the engine pulls and builds from', async (context) => {
    if (!registry) return context.skip('docker-registry is not installed');
    const { pinned } = await resolver({ reachable: [hostOf(reference)] }).resolve(reference, 1);
    const archive = pack();
    archive.entry({ name: 'Dockerfile' }, `FROM ${pinned}\nLABEL a=b\n`);
    archive.finalize();
    const log = await text((await docker.buildImage(archive as unknown as NodeJS.ReadableStream, { t: `${name}:pulled` })) as Readable);
    await docker.getImage(`${name}:pulled`).remove({ force: true });
    await docker.getImage(pinned).remove({ force: true });
    expect(log).toContain('Successfully built');
  });

  it('says that a tag it does not have is not available', async (context) => {
    if (!registry) return context.skip('docker-registry is not installed');
    await expect(resolver({ reachable: [hostOf(reference)] }).resolve(reference.replace(/:1$/, ':2'), 4)).rejects.toMatchObject({
      type: 'BASE_IMAGE_UNAVAILABLE',
      message: expect.stringContaining('line 4'),
    });
  });
});

describe('a registry that does not answer', () => {
  it('is a platform fault within 3 s, and is asked once', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    silent.close();
    const one = resolver({ reachable: [`127.0.0.1:${port}`] });
    const startedAt = performance.now();
    for (const repository of ['a', 'b', 'c']) {
      await expect(one.resolve(`127.0.0.1:${port}/${repository}:1`, 1)).rejects.toMatchObject({ type: 'REGISTRY_UNREACHABLE', nonRetryable: false });
    }
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

/** Puts an image without layers that says when it was made; gives its digest. */
async function putImage(host: string, repository: string, tag: string, created: string): Promise<string> {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', created, config: {}, rootfs: { type: 'layers', diff_ids: [] } }));
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const upload = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const target = new URL(upload.headers.get('location') ?? '', `http://${host}`);
  target.searchParams.set('digest', digest);
  await fetch(target, { method: 'PUT', body: config, headers: { 'content-type': 'application/octet-stream' } });
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json', config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.byteLength, digest }, layers: [] });
  const put = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: manifest, headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v2+json' } });
  return put.headers.get('docker-content-digest') ?? '';
}

function hostOf(reference: string): string {
  return reference.split('/')[0] ?? '';
}

async function answering(address: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing answers at ${address}`);
}
