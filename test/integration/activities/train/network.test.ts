import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBlob } from '../../../../activities/io/blobs.ts';
import { doorName, gateName } from '../../../../activities/io/docker/names.ts';
import type { TrainResult } from '../../../../workflows/contract.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { stageContext, type TestContext } from '../../../fixtures/engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench();
const { dependencies, docker, inspected, newContext, store, storedLines, thatRuns, train } = bench;
const egress = { trainingNetwork: 'egress' } as const;

/** A service of this machine that trainings are let reach, as one on the internet would be, and one that they are not. */
const service = createServer((request, response) => {
  if (request.url !== '/slow') return void response.end('from outside\n');
  response.write('begun\n');
  setTimeout(() => response.end('ended\n'), 6_000);
});
let open = '';
let closed = '';

beforeAll(async () => {
  await ensureBusybox(docker);
  service.listen(0, '0.0.0.0');
  await once(service, 'listening');
  const { port } = service.address() as AddressInfo;
  const { IPAM } = (await docker.getNetwork('bridge').inspect()) as { IPAM: { Config: { Gateway: string }[] } };
  open = `${IPAM.Config[0]?.Gateway}:${port}`;
  closed = `127.0.0.1:${port}`;
  dependencies.settings.trainingReachable = [open];
});
afterAll(async () => {
  await bench.takeDown();
  service.closeAllConnections();
  service.close();
}, 60_000);

interface Asked {
  connection: string;
  method?: string;
  host: string;
  path?: string;
  refused?: string;
  receivedBytes?: number;
}

async function recordOf({ artifacts }: TrainResult): Promise<Asked[]> {
  const artifact = artifacts.find(({ role }) => role === 'recording');
  const lines = Buffer.from(await getBlob(store, artifact?.sha256 ?? '')).toString('utf8').split('\n');
  return lines.flatMap((line) => (line.includes('{') ? [JSON.parse(line.slice(line.indexOf('{'))) as Asked] : []));
}

function next(context: TestContext): TestContext {
  return { ...stageContext(context.run, 'train'), attempt: context.attempt + 1 };
}

async function wrote(run: string, line: string): Promise<void> {
  await expect.poll(() => storedLines(run), { timeout: 40_000 }).toContain(line);
}

const tunnel = (place: string): string => String.raw`printf 'CONNECT ${place} HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n' | nc $(echo $http_proxy | cut -d/ -f3 | tr : ' ')`;
const untilMark = 'until [ -e /checkpoints/go ]; do sleep 0.2; done';

describe('a training with egress', { timeout: 120_000 }, () => {
  it('reaches the outside by its proxy alone, which writes down what was asked', async () => {
    const input = await thatRuns(`wget -qO- 'http://${open}/a?token=x'; ${tunnel(open)}; wget -qO- http://${closed}/ 2>&1; ip=${open.split(':')[0]}; nc -w 2 $ip ${open.split(':')[1]} </dev/null || echo no other way; echo m > /output/m`, egress);
    const context = newContext('egress');
    const { result } = await train(input, context);
    const lines = await storedLines(context.run);
    expect(lines.filter((line) => line === 'from outside')).toHaveLength(2);
    expect(lines).toEqual(expect.arrayContaining(['no other way', expect.stringContaining('403')]));
    const record = await recordOf(result);
    expect(record).toEqual(expect.arrayContaining([
      expect.objectContaining({ method: 'GET', path: '/a', port: expect.any(Number) as number }),
      expect.objectContaining({ method: 'CONNECT' }),
      expect.objectContaining({ host: '127.0.0.1', refused: expect.stringContaining('may not reach') as string }),
    ]));
    const answered = record.filter(({ receivedBytes }) => (receivedBytes ?? 0) >= 'from outside'.length);
    expect(answered).toHaveLength(2);
    expect(JSON.stringify(record)).not.toContain('token');
    const { HostConfig } = await inspected(context.run);
    expect(HostConfig.NetworkMode).toMatch(/^container:/);
  });

  it('is told what its proxy refused where it fails', async () => {
    const failing = train(await thatRuns(`wget -qO- http://${closed}/`, egress), newContext('refused'));
    await expect(failing).rejects.toMatchObject({ type: 'TRAIN_EXIT', message: expect.stringContaining(`its proxy refused ${closed} (the address is not public`) as string });
  });

  it('goes out through the proxies of the operator where there are some, which do not open what is closed', async () => {
    const asked: string[] = [];
    const operators = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
      response.end('by the operator\n');
    });
    operators.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization']}`);
      socket.end('HTTP/1.1 200 OK\r\n\r\nby the operator\n');
    });
    operators.listen(0, '0.0.0.0');
    await once(operators, 'listening');
    const address = `http://op:word@${open.split(':')[0]}:${(operators.address() as AddressInfo).port}`;
    Object.assign(dependencies.settings, { httpProxy: address, httpsProxy: address });
    const context = newContext('operators');
    try {
      await train(await thatRuns(`wget -qO- http://far.invalid/a; ${tunnel('far.invalid:443')}; wget -qO- http://${closed}/ 2>&1; echo m > /output/m`, egress), context);
    } finally {
      Object.assign(dependencies.settings, { httpProxy: undefined, httpsProxy: undefined });
      operators.close();
    }
    const proof = `Basic ${Buffer.from('op:word').toString('base64')}`;
    expect(asked).toEqual([`GET http://far.invalid/a ${proof}`, `CONNECT far.invalid:443 ${proof}`]);
    const lines = await storedLines(context.run);
    expect(lines.filter((line) => line === 'by the operator')).toHaveLength(2);
    expect(lines).toContainEqual(expect.stringContaining('403'));
  });

  it('keeps its connections while no worker is there, and its record over attempts', async () => {
    const input = await thatRuns(`wget -qO- http://${open}/ && wget -qO- http://${open}/slow; echo m > /output/m`, egress);
    const first = newContext('handed-on');
    const training = train(input, first).catch((error: unknown) => error);
    await wrote(first.run, 'begun');
    first.abort('shutdown');
    await training;
    const { result } = await train(input, next(first));
    expect(await storedLines(first.run)).toEqual(['from outside', 'begun', 'ended']);
    const record = await recordOf(result);
    expect(record.filter(({ method }) => method !== undefined).map(({ path }) => path)).toEqual(['/', '/slow']);
    expect(record.filter(({ receivedBytes }) => receivedBytes !== undefined)).toHaveLength(2);
  });

  it.each([
    ['gate', gateName],
    ['door', doorName],
  ])('has its way out again where its %s was killed', async (_, nameOf) => {
    const input = await thatRuns(`echo ready; ${untilMark}; until wget -qO- http://${open}/ 2>/dev/null; do sleep 0.5; done; echo m > /output/m`, egress);
    const context = newContext('killed');
    const training = train(input, context);
    await wrote(context.run, 'ready');
    await docker.getContainer(nameOf({ run: context.run, stage: 'train' })).kill();
    const { Id } = await inspected(context.run);
    const exec = await docker.getContainer(Id).exec({ Cmd: ['touch', '/checkpoints/go'] });
    await exec.start({});
    const { result } = await training;
    expect(await storedLines(context.run)).toContain('from outside');
    expect((await recordOf(result)).filter(({ method }) => method === 'GET').length).toBeGreaterThan(0);
  });

  it('has it after a restart of its container', async () => {
    const input = await thatRuns(`trap exit TERM; echo ready; if [ -e /checkpoints/1 ]; then wget -qO- http://${open}/; echo m > /output/m; exit; fi; touch /checkpoints/1; while true; do sleep 0.2; done`, egress);
    const context = newContext('restarted');
    const training = train(input, context);
    await wrote(context.run, 'ready');
    await docker.getContainer((await inspected(context.run)).Id).restart({ t: 1 });
    await training;
    expect(await storedLines(context.run)).toContain('from outside');
  });

  it('has it on a network without this machine where its runtime has a network stack of its own', async () => {
    dependencies.settings.containerRuntime = 'runc';
    const [host, port] = open.split(':');
    const input = await thatRuns(`wget -qO- http://${open}/; nc -w 2 ${host} ${port} </dev/null || echo no other way; wget -qO- http://${closed}/ 2>&1; echo m > /output/m`, egress);
    const context = newContext('isolated');
    try {
      await train(input, context);
    } finally {
      delete dependencies.settings.containerRuntime;
    }
    expect(await storedLines(context.run)).toEqual(expect.arrayContaining(['from outside', 'no other way', expect.stringContaining('403')]));
  });
});
