import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { binaries, findBinary } from '../../../infra/binaries.ts';
import { readConfig, type Config } from '../../../infra/config.ts';
import { keysStep } from '../../../infra/keys.ts';
import { storePart, type Part } from '../../../infra/parts.ts';
import { probeStore } from '../../../infra/probes.ts';
import { endProcess, identify } from '../../../infra/processes.ts';
import { startPartStep } from '../../../infra/start-part.ts';
import { stateOf } from '../../../infra/state.ts';
import { runSteps } from '../../../infra/step.ts';
import { processSupervision } from '../../../infra/supervisor/process.ts';
import { readObserved } from '../../../infra/supervisor/state.ts';
import type { PartState, Supervision } from '../../../infra/supervisor/supervision.ts';

let config: Config;
let supervision: Supervision;
let part: Part;

beforeEach(async () => {
  const home = mkdtempSync(join(tmpdir(), 'reprise-supervision-'));
  const port = String(await freePort());
  config = readConfig({ REPRISE_HOME: home, REPRISE_CACHE: readConfig().cache, REPRISE_S3_PORT: port });
  for (const directory of [stateOf(config).logs, stateOf(config).objects]) mkdirSync(directory, { recursive: true });
  await runSteps([keysStep(config)], () => undefined);
  supervision = processSupervision(config);
  part = storePart(config, (await findBinary(config, binaries.versitygw)) ?? '');
});

afterEach(async () => {
  await supervision.want([]);
  await supervision.leave();
  rmSync(config.home, { recursive: true, force: true });
});

it('brings a killed part back within 5 s, and counts it', async () => {
  await start();
  const before = await storeState();
  kill(before.pid);
  const killedMs = performance.now();
  const after = await until(async () => (await probeStore(config)) === 'ok' && (await storeState()).pid !== before.pid, storeState);
  expect(performance.now() - killedMs).toBeLessThan(5_000);
  expect(after).toMatchObject({ status: 'running', restarts: 1, lastExit: expect.stringContaining('SIGKILL') });
});

it('leaves parts running when the supervising process is killed, and the one that stands by takes them over', async () => {
  await start();
  const { pid } = await storeState();
  for (let times = 0; times < 2; times += 1) {
    const before = await until(async () => readObserved(config).standby !== undefined, async () => readObserved(config));
    kill(before.supervisor?.pid);
    await until(async () => readObserved(config).supervisor?.pid === before.standby?.pid, storeState);
    expect(await storeState()).toMatchObject({ pid, restarts: 0 });
  }
  kill(pid);
  await until(async () => (await storeState()).restarts === 1 && (await probeStore(config)) === 'ok', storeState);
});

it('goes with the one that stands by, and leaves the parts running', async () => {
  await start();
  const { standby } = await until(async () => readObserved(config).standby !== undefined, async () => readObserved(config));
  await supervision.leave();
  await until(async () => identify(standby?.pid ?? 0)?.startedBy !== standby?.startedBy, storeState);
  expect(await supervision.isPresent()).toBe(false);
  expect(await probeStore(config)).toBe('ok');
});

it('ends a part that is not wanted any more, and does not count that', async () => {
  await start();
  await supervision.want([]);
  expect(await storeState()).toMatchObject({ status: 'stopped', restarts: 0 });
  expect(await probeStore(config)).not.toBe('ok');
});

it('says what a part said that ends at once, and does not go on starting it', async () => {
  const broken: Part = { ...part, command: process.execPath, args: ['-e', 'console.error("cannot open the data"); process.exit(3)'] };
  await expect(start(broken)).rejects.toThrow(/ended at once .* exit code 3\)\n[^]*cannot open the data/);
  expect(await supervision.wanted()).toEqual([]);
  expect((await storeState()).status).toBe('stopped');
});

it('does not start a part whose port somebody else holds, and names port, holder and variable', async () => {
  const server: Server = createServer();
  await new Promise<void>((done) => server.listen(config.s3Port, '127.0.0.1', done));
  try {
    await expect(start()).rejects.toMatchObject({
      message: expect.stringContaining(`port ${config.s3Port} of the object store is taken by process ${process.pid}`),
      nextStep: expect.stringContaining('REPRISE_S3_PORT'),
    });
  } finally {
    server.close();
  }
});

it('starts a part anew that is wanted otherwise', async () => {
  await start();
  const { pid } = await storeState();
  part = { ...part, revision: 'another' };
  await start();
  expect((await storeState()).pid).not.toBe(pid);
  expect((await storeState()).restarts).toBe(0);
});

async function start(wanted: Part = part): Promise<void> {
  await runSteps([startPartStep(config, supervision, 's3', async () => wanted, () => probeStore(config))], () => undefined);
}

async function storeState(): Promise<PartState> {
  return (await supervision.observe()).find(({ name }) => name === 's3') ?? { name: 's3', status: 'stopped', restarts: 0 };
}

function kill(pid: number | undefined): void {
  const identity = identify(pid ?? 0);
  if (!identity) throw new Error(`process ${pid} does not run`);
  endProcess(identity, 'SIGKILL');
}

async function until<Value>(reached: () => Promise<boolean>, value: () => Promise<Value>): Promise<Value> {
  for (let attempt = 0; attempt < 100 && !(await reached()); attempt += 1) await new Promise((done) => setTimeout(done, 100));
  expect(await reached()).toBe(true);
  return value();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
