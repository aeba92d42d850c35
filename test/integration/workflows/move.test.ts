import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import type { Run, Spent, StageCost } from '../../../domain/index.ts';
import type { Activities, Queues } from '../../../workflows/contract.ts';
import { completed, fakeActivities, submission } from '../../fakes/activities.ts';
import { withFakeWorker } from '../../fakes/worker.ts';
import { stackConfig } from '../../stack.ts';

const request = { source: { kind: 'directory', path: 'examples/addition' }, suite: { kind: 'directory', path: 'suite' }, fresh: false } as const;
const workflowsPath = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url));

/** The workers of a host at whose training there is one attempt, which tells what it spent; then the host is gone. */
async function hostThatGoes(queues: Queues, told: { spent?: Spent; cost?: StageCost }): Promise<{ gone: Promise<unknown> }> {
  const config = await stackConfig('fakes');
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  const workers: Worker[] = [];
  const train: Activities['train'] = async () => {
    Context.current().heartbeat({ stage: 'train', message: 'half way', ...told });
    for (const worker of workers) worker.shutdown();
    throw ApplicationFailure.create({ type: 'ENGINE_UNREACHABLE', message: 'no engine' });
  };
  for (const taskQueue of Object.values(queues)) workers.push(await Worker.create({ connection, namespace: config.namespace, taskQueue, activities: fakeActivities({ train }) }));
  return { gone: Promise.all(workers.map((worker) => worker.run())).then(() => connection.close()) };
}

it('a run that moves takes along what its attempts spent on the host that is gone', { timeout: 120_000 }, async () => {
  const host = randomUUID();
  const queues = { host: `reprise-host-${host}`, train: `reprise-cpu-${host}` };
  const spent: Spent = { wallMs: 60_000, queuedMs: 500, storedBytes: 10, movedBytes: 20, uses: { '2026-01-01T00:00:00Z': { gpuMs: 55_000 } } };
  const intake: Activities['intake'] = async () => completed({ submission, suite: 'a'.repeat(64), suiteStages: ['open'] as const, queues }) as never;
  const route: Activities['route'] = async () => ({ queues: { host: 'reprise-host-test', train: 'reprise-cpu-test' }, isGone: true });
  const told: (Spent | undefined)[] = [];
  const train: Activities['train'] = async (input) => (told.push(input.spent), fakeActivities().train(input));
  const { gone } = await hostThatGoes(queues, { spent });
  const run = await withFakeWorker(workflowsPath, fakeActivities({ intake, route, train }), async ({ start }) => (await (await start(request)).result()) as Run);
  await gone;
  expect(run.status).toBe('completed');
  expect(told).toEqual([{ ...spent, queuedMs: 30_500 }]);
});

it('a run that is cancelled while it waits for its host tells what it had cost there', { timeout: 120_000 }, async () => {
  const host = randomUUID();
  const queues = { host: `reprise-host-${host}`, train: `reprise-cpu-${host}` };
  const cost: StageCost = { wallMs: 60_000, queuedMs: 500, storedBytes: 10, movedBytes: 20, gpuSeconds: 55 };
  const intake: Activities['intake'] = async () => completed({ submission, suite: 'a'.repeat(64), suiteStages: ['open'] as const, queues }) as never;
  const asked = Promise.withResolvers<void>();
  const route: Activities['route'] = async () => (asked.resolve(), { queues, isGone: false });
  const { gone } = await hostThatGoes(queues, { cost });
  await withFakeWorker(workflowsPath, fakeActivities({ intake, route }), async ({ start, query }) => {
    const handle = await start(request);
    await asked.promise;
    await handle.cancel();
    const run = await query(handle, ({ stages }) => stages.some(({ name, status }) => name === 'train' && status === 'cancelled'));
    expect(run.stages.find(({ name }) => name === 'train')).toMatchObject({ cost: { gpuSeconds: 55, storedBytes: 10 } });
    await handle.terminate();
  });
  await gone;
});
