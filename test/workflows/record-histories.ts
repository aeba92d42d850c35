/** `npm run histories`: records one history a scenario for replay.test.ts. Run it only when old histories may be left behind. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { StageOutcome } from '../../domain/index.ts';
import { stageProgressSignal, type Activities } from '../../workflows/contract.ts';
import { fakeActivities } from '../fakes/activities.ts';
import { withFakeWorker } from '../fakes/worker.ts';

const request = { source: { kind: 'directory', path: 'examples/addition' }, suite: { kind: 'directory', path: 'suite' }, fresh: false } as const;
const failure: StageOutcome<never> = { status: 'failed', code: 'TRAIN_EXIT', fault: 'submission', message: 'exit code 1', nextStep: 'Read the log.' };

const scenarios: Record<string, { activities: Partial<Activities>; cancels?: true }> = {
  completed: { activities: {} },
  'training-failed': { activities: { train: async () => failure } },
  'request-refused': { activities: { intake: async () => ({ ...failure, code: 'REQUEST_INVALID', fault: 'operator' }) } },
  cancelled: { activities: { train: untilCancelled }, cancels: true },
};

const directory = join(import.meta.dirname, 'histories');
mkdirSync(directory, { recursive: true });
for (const [name, { activities, cancels }] of Object.entries(scenarios)) {
  writeFileSync(join(directory, `${name}.json`), await record(fakeActivities(activities), cancels === true));
}

function record(activities: Activities, cancels: boolean): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  return withFakeWorker(workflowsPath, activities, async ({ start, query }) => {
    const handle = await start(request);
    if (cancels) {
      await query(handle, ({ stages }) => stages.some(({ name, status }) => name === 'train' && status === 'running'));
      await handle.signal(stageProgressSignal, { stage: 'train', message: 'of the budget', done: 1, total: 100, at: new Date().toISOString() });
      await handle.cancel();
    }
    await handle.result().catch(() => undefined);
    // Stack traces name directories of the machine, and decide nothing at replay.
    return historyToJSON(await handle.fetchHistory()).replaceAll(/"stackTrace": ?"(?:[^"\\]|\\.)*"/g, '"stackTrace": ""');
  });
}

async function untilCancelled(): Promise<never> {
  const { cancellationSignal, cancelled, heartbeat } = Context.current();
  while (!cancellationSignal.aborted) {
    heartbeat.call(Context.current());
    await sleep(100);
  }
  return cancelled;
}
