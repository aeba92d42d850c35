/**
 * What the workflow itself costs: the time between stages and the events of a run whose activities answer at once, and a training
 * of 24 hours with all of its heartbeats, each sent to the server, in less time. Brings the configured stack up.
 */
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { heartbeatEveryMs, signalInstants } from '../activities/heartbeat.ts';
import type { StageProgress } from '../domain/index.ts';
import { readConfig } from '../index.ts';
import { namespaceStep } from '../infra/namespace.ts';
import { up } from '../infra/stack.ts';
import { runSteps } from '../infra/step.ts';
import { fakeActivities } from '../test/fakes/activities.ts';
import { stageProgressSignal, workflowQueue, workflowType, type Activities } from '../workflows/contract.ts';

const dayMs = 24 * 3_600_000;
const beats = dayMs / heartbeatEveryMs;

await up(readConfig());
const config = { ...readConfig(), namespace: 'reprise-bench' };
await runSteps([namespaceStep(config)], () => undefined);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: config.temporalAddress });
const client = new Client({ connection: await Connection.connect({ address: config.temporalAddress }), namespace: config.namespace });

const short = await withWorkers(fakeActivities(), async () => {
  const runs = [];
  for (let run = 0; run < 10; run += 1) runs.push(await measured());
  return runs.sort((a, b) => a.wallMs - b.wallMs)[5];
});
const day = await measuredDay();
process.stdout.write(`${JSON.stringify({ run: short, day }, null, 2)}\n`);
await client.connection.close();
await connection.close();

interface Measured {
  wallMs: number;
  stages: number;
  overheadPerStageMs: number;
  events: number;
  historyBytes: number;
}

async function measured(): Promise<Measured> {
  const startedMs = performance.now();
  const handle = await started();
  const { stages } = (await handle.result()) as { stages: unknown[] };
  const wallMs = performance.now() - startedMs;
  return { wallMs: Math.round(wallMs), stages: stages.length, overheadPerStageMs: Math.round(wallMs / stages.length), ...(await historyOf(handle)) };
}

function started(): Promise<WorkflowHandle> {
  const request = { source: { kind: 'directory', path: 'bench' }, suite: { kind: 'directory', path: 'suite' }, fresh: false };
  return client.workflow.start(workflowType, { taskQueue: workflowQueue, workflowId: `bench-${randomUUID()}`, args: [request] });
}

async function historyOf(handle: WorkflowHandle): Promise<{ events: number; historyBytes: number }> {
  const { historyLength, historySize } = await handle.describe();
  return { events: historyLength, historyBytes: historySize ?? 0 };
}

/** The training beats as often as in a day, and signals at the instants of a day; memory and history are looked at on the way. */
async function measuredDay() {
  const looks: { beat: number; rssMiB: number; heapMiB: number; events: number }[] = [];
  const train: Activities['train'] = async (input) => {
    const context = Context.current();
    const handle = client.workflow.getHandle(input.workflowId);
    const signals = signalInstants();
    let nextSignalMs = signals.next().value;
    for (let beat = 0; beat < beats; beat += 1) {
      const progress = progressAt(beat);
      context.heartbeat(progress);
      if (beat * heartbeatEveryMs >= nextSignalMs) {
        nextSignalMs = signals.next().value;
        await handle.signal(stageProgressSignal, progress);
      }
      // Room for the connection to send each of them by itself.
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (beat % (beats / 4) === 0 || beat === beats - 1) looks.push({ beat, ...memory(), ...(await historyOf(handle)) });
    }
    return fakeActivities().train(input);
  };
  const startedMs = performance.now();
  const end = await withWorkers(fakeActivities({ train }), async () => {
    const handle = await started();
    await handle.result();
    return historyOf(handle);
  });
  return { hours: dayMs / 3_600_000, heartbeats: beats, tookS: Math.round((performance.now() - startedMs) / 1_000), ...end, looks };
}

function progressAt(beat: number): StageProgress {
  const budgetUsedMs = beat * heartbeatEveryMs;
  const training = { budgetUsedMs, budgetMs: dayMs, step: beat, steps: beats, loss: 1 / (beat + 1), cpuShare: 0.97, memoryBytes: 6e9, checkpoints: Math.floor(beat / 720) };
  return { stage: 'train', message: `step ${beat} of ${beats}`, done: Math.round(budgetUsedMs / 1_000), total: dayMs / 1_000, lastLogLine: 'x'.repeat(200), training, at: new Date().toISOString() };
}

function memory(): { rssMiB: number; heapMiB: number } {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMiB: Math.round(rss / 1024 ** 2), heapMiB: Math.round(heapUsed / 1024 ** 2) };
}

/** As worker/main.ts has them, but for heartbeats, none of which is held back. */
async function withWorkers<Result>(activities: Activities, use: () => Promise<Result>): Promise<Result> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  const shared = { connection, namespace: config.namespace, activities, maxHeartbeatThrottleInterval: 1, defaultHeartbeatThrottleInterval: 1 };
  const { host, train } = { host: 'reprise-host-test', train: 'reprise-cpu-test' };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: workflowQueue, workflowsPath }),
    Worker.create({ ...shared, taskQueue: host }),
    Worker.create({ ...shared, taskQueue: train, maxConcurrentActivityTaskExecutions: 1 }),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    return await use();
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}
