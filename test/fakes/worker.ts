import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ReproductionRequest, Run } from '../../domain/index.ts';
import { runQuery, workflowQueue, workflowType, type Activities } from '../../workflows/contract.ts';
import { stackConfig } from '../stack.ts';
import './runtime.ts';

interface FakeWorker {
  client: Client;
  start(request: ReproductionRequest): Promise<WorkflowHandle>;
  /** Asks the run for its state until it is as expected. */
  query(handle: WorkflowHandle, isExpected: (run: Run) => boolean): Promise<Run>;
}

/** Runs the real workflow on the real server with other activities, in a namespace in which no real worker polls. */
export async function withFakeWorker<Result>(workflowsPath: string, activities: Activities, use: (worker: FakeWorker) => Promise<Result>): Promise<Result> {
  const config = await stackConfig('fakes');
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  const client = new Client({ connection: await Connection.connect({ address: config.temporalAddress }), namespace: config.namespace });
  const shared = { connection, namespace: config.namespace, activities };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: workflowQueue, workflowsPath }),
    Worker.create({ ...shared, taskQueue: 'reprise-host-test' }),
    Worker.create({ ...shared, taskQueue: 'reprise-cpu-test' }),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    return await use({
      client,
      start: (request) => client.workflow.start(workflowType, { taskQueue: workflowQueue, workflowId: `test-${randomUUID()}`, args: [request] }),
      async query(handle, isExpected) {
        for (;;) {
          const run = await handle.query<Run>(runQuery);
          if (isExpected(run)) return run;
          await sleep(100);
        }
      },
    });
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await client.connection.close();
    await connection.close();
  }
}
