import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import '../fakes/runtime.ts';

const directory = join(import.meta.dirname, 'histories');
const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

/** A change that breaks one of these breaks the runs that are under way when it is deployed: use `patched`. */
describe('today’s workflow', () => {
  it('replays every history that an earlier one recorded', async () => {
    const names = readdirSync(directory);
    expect(names.length).toBeGreaterThanOrEqual(4);
    const histories = names.map((name) => ({ workflowId: name, history: historyFromJSON(JSON.parse(readFileSync(join(directory, name), 'utf8'))) }));
    const results = [];
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowsPath, replayName: 'replay' }, histories)) results.push({ workflowId, error });
    expect(results.filter(({ error }) => error)).toEqual([]);
    expect(results).toHaveLength(names.length);
  });

  it('is told apart from another one by a history that does not fit', async () => {
    const history = JSON.parse(readFileSync(join(directory, 'completed.json'), 'utf8')) as { events: Record<string, { activityType?: { name: string } }>[] };
    for (const event of history.events) {
      const scheduled = event['activityTaskScheduledEventAttributes'];
      if (scheduled?.activityType?.name === 'build') scheduled.activityType.name = 'train';
    }
    await expect(Worker.runReplayHistory({ workflowsPath, replayName: 'replay' }, historyFromJSON(history))).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
