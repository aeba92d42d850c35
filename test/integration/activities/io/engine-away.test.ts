import { setTimeout as wait } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineStartedMs } from '../../../../activities/io/docker/history.ts';
import { endedUnheard } from '../../../../activities/train/verdict.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { startOwnEngine, type OwnEngine } from '../../../fixtures/own-engine.ts';

let engine: OwnEngine;
beforeAll(async () => {
  engine = await startOwnEngine({ awayMs: 3_000 });
  await ensureBusybox(engine.docker);
});
afterAll(() => engine.stop());

async function counting(seconds: number): Promise<Container> {
  const container = await engine.docker.createContainer({ Image: busyboxImage, Cmd: ['sh', '-c', `for i in $(seq ${seconds * 10}); do echo step $i of ${seconds * 10}; sleep 0.1; done`] });
  await container.start();
  return container;
}

async function endOf(container: Container): Promise<{ lines: string[]; unheard: boolean }> {
  await container.wait();
  const { Id, State } = await container.inspect();
  const [startedAtMs, finishedAtMs] = [Date.parse(State.StartedAt), Date.parse(State.FinishedAt)];
  const log = await container.logs({ stdout: true, follow: false });
  const startedMs = await engineStartedMs(engine.docker, { id: Id, startedAtMs, engineEnds: false });
  return { lines: log.toString('latin1').match(/step \d+ of \d+/g) ?? [], unheard: endedUnheard({ startedAtMs, finishedAtMs, engineStartedMs: startedMs }) };
}

it('is told of a container that ended while the engine was away, and of no other', { timeout: 120_000 }, async () => {
  // What goes on meanwhile keeps the engine's network as it was.
  const [meanwhile, before] = [await counting(60), await counting(1)];
  expect(await endOf(before)).toMatchObject({ lines: { length: 10 }, unheard: false });
  const away = await counting(3);
  await wait(1_000);
  await engine.kill();
  await engine.untilUp();
  const missed = await endOf(away);
  expect(missed.lines.length).toBeLessThan(30);
  expect(missed.unheard).toBe(true);
  expect(await endOf(await counting(6))).toMatchObject({ lines: { length: 60 }, unheard: false });
  await meanwhile.stop({ t: 0 });
  // It was followed to its end by an engine that had long come back.
  expect(await endOf(meanwhile)).toMatchObject({ unheard: false });
});
