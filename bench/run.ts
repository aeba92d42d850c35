/**
 * The run's wall time against its containers' own times: the example with a training of about 60 s, every stage computed. Brings
 * the configured stack up. Meaningful only where nothing else uses the engine, since every container of that time counts.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDocker } from '../activities/io/docker/connection.ts';
import type { Run } from '../domain/index.ts';
import { connect, readConfig, startReproduction, watchRun } from '../index.ts';
import { stackStatus, up } from '../infra/stack.ts';

/** Epochs of examples/addition that take about a minute on one core. */
const epochs = 280;
const root = join(import.meta.dirname, '..');

await up(readConfig());
const config = readConfig();
const docker = createDocker(config.dockerSocket);
const directory = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
const containers = await watchContainers();
const reprise = await connect(config);
try {
  await cp(join(root, 'examples', 'addition'), join(directory, 'addition'), { recursive: true });
  const dockerfile = join(directory, 'addition', 'Dockerfile.train');
  await writeFile(dockerfile, (await readFile(dockerfile, 'utf8')).replace(/ARG EPOCHS=\d+/, `ARG EPOCHS=${epochs}`));
  const startedMs = performance.now();
  const [started] = await startReproduction(reprise, join(directory, 'addition'), { suite: join(root, 'examples', 'suites', 'addition'), fresh: true });
  const run = await lastOf(watchRun(reprise, started?.run ?? '', { everyMs: 250 }));
  const wallMs = performance.now() - startedMs;
  const containersMs = containers.end();
  const stages = Object.fromEntries(run.stages.map(({ name, startedAt, endedAt }) => [name, Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')]));
  const document = {
    status: run.status,
    wallMs: Math.round(wallMs),
    containersMs: Math.round(containersMs),
    ratio: Number((wallMs / containersMs).toFixed(3)),
    stagesMs: stages,
    firstAnswerAfterBuildMs: await firstAnswerAfter(run),
    workerRssBytes: await workerRss(),
  };
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
} finally {
  await reprise.close();
  await rm(directory, { recursive: true, force: true });
}

/** Adds up how long each container of the engine ran, from its own start and end events. */
async function watchContainers(): Promise<{ end(): number }> {
  const events = await docker.getEvents({ filters: { type: ['container'], event: ['start', 'die'] } });
  const running = new Map<string, number>();
  let totalMs = 0;
  let rest = '';
  events.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { Action, Actor, timeNano } = JSON.parse(line) as { Action: string; Actor: { ID: string; Attributes: { name: string } }; timeNano: number };
      // The platform's own run beside the submission's: the guard of the deadline, the relays of server and build.
      if (/-(guard|relay)$/.test(Actor.Attributes.name)) continue;
      const ms = timeNano / 1e6;
      if (Action === 'start') running.set(Actor.ID, ms);
      else totalMs += ms - (running.get(Actor.ID) ?? ms);
    }
  });
  return {
    end() {
      (events as unknown as { destroy(): void }).destroy();
      return totalMs;
    },
  };
}

async function lastOf(views: AsyncGenerator<unknown, Run>): Promise<Run> {
  let next = await views.next();
  while (!next.done) next = await views.next();
  return next.value;
}

/** From the end of the build to the first answer that was durable, training left out. */
async function firstAnswerAfter({ run, stages }: Run): Promise<number | null> {
  const at = (name: string, field: 'startedAt' | 'endedAt'): number => Date.parse(stages.find((stage) => stage.name === name)?.[field] ?? '');
  const trainingMs = at('train', 'endedAt') - at('build', 'endedAt');
  for await (const { key } of reprise.store.list(`runs/${run}/answers/evaluate-open/`)) {
    const head = await fetchLastModified(key);
    return head === undefined ? null : head - at('build', 'endedAt') - trainingMs;
  }
  return null;
}

/** When an object was written; the store tells it with every object. */
async function fetchLastModified(key: string): Promise<number | undefined> {
  const { HeadObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    forcePathStyle: true,
    credentials: { accessKeyId: config.s3AccessKeyId ?? '', secretAccessKey: config.s3SecretAccessKey ?? '' },
  });
  const { LastModified } = await client.send(new HeadObjectCommand({ Bucket: config.s3Bucket, Key: key }));
  client.destroy();
  return LastModified?.getTime();
}

async function workerRss(): Promise<number | null> {
  const worker = (await stackStatus(config)).parts.find(({ name }) => name === 'worker');
  if (worker?.pid === undefined) return null;
  const status = await readFile(`/proc/${worker.pid}/status`, 'utf8');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
