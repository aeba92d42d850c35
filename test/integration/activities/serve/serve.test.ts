import type { Container } from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCleanUpActivities } from '../../../../activities/cleanup.ts';
import { putBlob } from '../../../../activities/io/blobs.ts';
import { containerName, relayName, volumeName } from '../../../../activities/io/docker/names.ts';
import { putTree } from '../../../../activities/io/trees.ts';
import { readStageLog, withStageLog } from '../../../../activities/logs/index.ts';
import { withServer, type RunningServer, type ServerInput } from '../../../../activities/serve/index.ts';
import { mediaTypes, treeOf } from '../../../../domain/index.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineImages } from '../../../fixtures/engine-images.ts';
import { engineDependencies, runName, stageContext, type TestContext } from '../../../fixtures/engine.ts';

const dependencies = engineDependencies();
const { docker, store } = dependencies;
const { cleanUp } = createCleanUpActivities(dependencies);
const runs: string[] = [];
const images = engineImages(dependencies);
const listeners: Container[] = [];

beforeAll(() => ensureBusybox(docker));
afterAll(async () => {
  for (const container of listeners) await container.stop({ t: 0 });
  for (const run of runs) await cleanUp({ run });
  await images.removeAll();
});

function newContext(name: string): TestContext {
  const context = stageContext(runName(name), 'evaluate-open');
  runs.push(context.run);
  return context;
}

async function model(text: string): Promise<string> {
  const { sha256, sizeBytes } = await putBlob(store, Buffer.from(text), mediaTypes.bytes);
  return putTree(store, treeOf([{ type: 'directory', path: 'weights' }, { type: 'file', path: 'weights/0', executable: false, sha256, sizeBytes }]));
}

function serve<Result>(image: string, context: TestContext, use: (server: RunningServer) => Promise<Result>, changes: Partial<ServerInput> = {}): Promise<Result> {
  const { run, stage } = context;
  return withStageLog(dependencies, context, (line) => line, async (log) => {
    const input: ServerInput = { run, stage, image: { role: 'serve', id: image, sizeBytes: 0 }, track: 'cpu', port: 80, readyTimeoutMs: 20_000, log, ...changes };
    const result = await withServer(dependencies, input, context, use);
    await log.flush();
    return result;
  });
}

async function logOf(run: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readStageLog(store, run, 'evaluate-open')) lines.push(line.slice(line.indexOf(' ') + 1));
  return lines;
}

/** A listener of ours outside the run's network, seen to answer there; resolves to the command that tries to reach it. */
async function attemptAtListener(): Promise<string> {
  const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['httpd', '-f', '-p', '8080', '-h', '/tmp'], HostConfig: { AutoRemove: true } });
  listeners.push(container);
  await container.start();
  const attempt = `nc -w 2 ${(await container.inspect()).NetworkSettings.Networks['bridge']?.IPAddress} 8080 < /dev/null`;
  await expect.poll(() => exitCodeOutside(attempt), { timeout: 20_000 }).toBe(0);
  return attempt;
}

async function exitCodeOutside(script: string): Promise<number> {
  const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sh', '-c', script] });
  await container.start();
  const { StatusCode } = (await container.wait()) as { StatusCode: number };
  await container.remove();
  return StatusCode;
}

async function left(run: string): Promise<string[]> {
  const owner = { run, stage: 'evaluate-open' } as const;
  const looks = {
    container: docker.getContainer(containerName(owner)).inspect(),
    relay: docker.getContainer(relayName(owner)).inspect(),
    volume: docker.getVolume(volumeName(run, 'model')).inspect(),
  };
  const found = await Promise.all(Object.entries(looks).map(([name, look]) => look.then(() => [name], () => [])));
  return found.flat();
}

const serving = 'echo serving; mkdir -p /tmp/www; exec httpd -f -p 80 -h ${MODEL_DIR:-/tmp/www}';

describe('a server', { timeout: 60_000 }, () => {
  it('answers at port 80 with the model that training wrote, read-only, and is gone afterwards', async () => {
    const context = newContext('good');
    const script = `touch $MODEL_DIR/x 2>/dev/null && echo model is writable; ${serving}`;
    const answer = await serve(await images.thatRuns(script, ['USER nobody']), context, async ({ baseUrl, alive }) => {
      expect(await alive()).toBe(true);
      return (await fetch(`${baseUrl}/weights/0`)).text();
    }, { output: await model('trained weights') });
    expect(answer).toBe('trained weights');
    expect(await left(context.run)).toEqual([]);
    expect(await logOf(context.run)).toEqual(['serving']);
  });

  it('reaches nothing outside its network', async () => {
    const attempt = await attemptAtListener();
    const context = newContext('closed');
    await serve(await images.thatRuns(`${attempt} && echo reached || echo closed; ${serving}`), context, async () => undefined);
    expect(await logOf(context.run)).toContain('closed');
  });

  it('is reached over a network of its own where its runtime shares no namespaces, and reaches the host no more', async () => {
    const image = await images.thatRuns(`${await attemptAtListener()} && echo reached || echo closed; echo ok > /tmp/index.html; exec httpd -f -p 80 -h /tmp`);
    const context = newContext('network');
    dependencies.settings.containerRuntime = 'runc';
    try {
      expect(await serve(image, context, async ({ baseUrl }) => (await fetch(baseUrl)).text())).toBe('ok\n');
    } finally {
      delete dependencies.settings.containerRuntime;
    }
    expect(await logOf(context.run)).toContain('closed');
    expect((await docker.listNetworks({ filters: { label: [`reprise.run=${context.run}`] } })).length).toBe(0);
  });

  it('has a way again when the relay is killed', async () => {
    const context = newContext('relay');
    await serve(await images.thatRuns(serving), context, async ({ baseUrl }) => {
      await docker.getContainer(relayName({ run: context.run, stage: 'evaluate-open' })).kill();
      await expect.poll(() => fetch(baseUrl).then(({ status }) => status, () => 0), { timeout: 20_000 }).toBeGreaterThan(0);
    });
    expect(await left(context.run)).toEqual([]);
  });

  it('that writes into its root is told that it may not, and may where its manifest says so', async () => {
    const image = await images.thatRuns(`echo x > /log.txt || exit 3; ${serving}`);
    await expect(serve(image, newContext('root'), async () => 'never')).rejects.toMatchObject({ type: 'SERVE_EXITED', message: expect.stringContaining('writable: true') });
    expect(await serve(image, newContext('root'), async () => 'served', { writableRoot: true })).toBe('served');
  });

  it('counts as ready when it answers anything, also what is no HTTP', async () => {
    const script = 'while true; do echo garbage | nc -l -p 80; done';
    expect(await serve(await images.thatRuns(script, ['USER nobody']), newContext('garbage'), async () => 'ready')).toBe('ready');
  });

  it.each([
    ['server-exits', 'SERVE_EXITED', 'the server ended with exit code 7; last line of its log: no weights found'],
    ['server-never-ready', 'SERVE_NOT_READY', "nothing answered at port 80 within 3 s of the container's start; last line of its log: loading forever"],
  ])('%s is told as %s', async (name, code, message) => {
    const context = newContext(name);
    const failed = serve((await images.built(name)).images[0]?.id ?? '', context, async () => 'never', { readyTimeoutMs: 3_000 });
    await expect(failed).rejects.toMatchObject({ type: code, message, details: [{ logKey: expect.stringContaining('cas/') }] });
    expect(await left(context.run)).toEqual([]);
  });

  it('says how it died while it was used', async () => {
    const script = `(sleep 2; kill -9 $$) & ${serving}`;
    const failure = await serve(await images.thatRuns(script, ['USER nobody']), newContext('dies'), async (server) => {
      await expect.poll(() => server.alive(), { timeout: 10_000 }).toBe(false);
      return server.exitFailure();
    });
    expect(failure).toMatchObject({ type: 'SERVE_EXITED', message: 'the server ended with exit code 137; last line of its log: serving' });
  });

  it('is gone also where its use fails', async () => {
    const context = newContext('fails');
    const failed = serve(await images.thatRuns(serving, ['USER nobody']), context, async () => Promise.reject(new Error('the evaluation broke')), { output: await model('x') });
    await expect(failed).rejects.toThrow('the evaluation broke');
    expect(await left(context.run)).toEqual([]);
  });

  it('runs on when the worker shuts down, and the next attempt uses the same one', async () => {
    const image = await images.thatRuns(serving, ['USER nobody']);
    const output = await model('y');
    const first = newContext('attach');
    const startedAt = await serve(image, first, async (server) => {
      first.abort('shutdown');
      return server.startedAt;
    }, { output });
    await expect.poll(() => left(first.run)).toEqual(['container', 'volume']);
    const again = await serve(image, stageContext(first.run, 'evaluate-open') as TestContext, async (server) => server.startedAt, { output });
    expect(again).toBe(startedAt);
    expect(await left(first.run)).toEqual([]);
  });

  it('is gone when the run is cancelled while it starts', async () => {
    const context = newContext('cancel');
    const serving = serve(await images.thatRuns('sleep 60'), context, async () => 'never').catch((error: unknown) => error);
    await expect.poll(() => context.reports.some(({ message }) => message.startsWith('waiting')), { timeout: 10_000 }).toBe(true);
    context.abort('cancelled');
    await serving;
    expect(await left(context.run)).toEqual([]);
  });
});
