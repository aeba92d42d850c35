import type { Client } from '@temporalio/client';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { containerName, labelsOf } from '../../../activities/io/docker/names.ts';
import { mediaTypes, moveKey, type Move } from '../../../domain/index.ts';
import { sweepOnce } from '../../../worker/orphans.ts';
import { runName } from '../../../workflows/contract.ts';
import { busyboxImage, ensureBusybox } from '../../fixtures/busybox.ts';
import { engineDependencies } from '../../fixtures/engine.ts';

const dependencies = engineDependencies({ host: 'here' });
const { docker, store } = dependencies;
const workflowId = `sweep-${process.pid}`;
const executions = { open: '00000000-open', ended: '0000000-ended', moved: '0000000-moved', foreign: '0-elsewhere' };
const runOf = (name: keyof typeof executions): string => runName(workflowId, executions[name]);

/** A server that knows three of the four. */
const client = {
  workflow: {
    async *list() {
      for (const name of ['open', 'ended', 'moved'] as const) yield { runId: executions[name], status: { name: name === 'ended' ? 'COMPLETED' : 'RUNNING' } };
    },
  },
} as unknown as Client;

async function running(name: keyof typeof executions): Promise<boolean> {
  return docker.getContainer(containerName({ run: runOf(name), stage: 'train' })).inspect().then(({ State }) => State.Running, () => false);
}

beforeAll(async () => {
  await ensureBusybox(docker);
  for (const name of Object.keys(executions) as (keyof typeof executions)[]) {
    const owner = { run: runOf(name), stage: 'train', workflowId } as const;
    const container = await docker.createContainer({ name: containerName(owner), Image: busyboxImage, Cmd: ['sleep', '300'], Labels: labelsOf(owner), HostConfig: { NetworkMode: 'none' } });
    await container.start();
  }
  const moves: [string, string][] = [['2026-01-01T00:00:00.000Z', 'reprise-host-here'], ['2026-01-02T00:00:00.000Z', 'reprise-host-there']];
  for (const [at, to] of moves) {
    const move: Move = { schema: 'reprise.move/v1', at, from: 'reprise-host-x', to };
    await store.putIfAbsent(moveKey(runOf('moved'), at), Buffer.from(JSON.stringify(move)), mediaTypes.json);
  }
});
afterAll(async () => {
  for (const name of Object.keys(executions) as (keyof typeof executions)[]) await docker.getContainer(containerName({ run: runOf(name), stage: 'train' })).remove({ force: true }).catch(() => undefined);
});

it('removes what is left of runs that ended or moved away, and nothing of one that goes on or is another installation’s', async () => {
  const swept = await sweepOnce(dependencies, client, pino({ level: 'silent' }));
  expect(swept.sort()).toEqual([runOf('ended'), runOf('moved')].sort());
  expect({ open: await running('open'), ended: await running('ended'), moved: await running('moved'), foreign: await running('foreign') }).toEqual({ open: true, ended: false, moved: false, foreign: true });
});
