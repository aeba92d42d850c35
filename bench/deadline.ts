/**
 * How late trainings end that would go on for ever, against the absolute deadline that their start and budget make: with the worker that
 * watches them, and with every worker killed by SIGKILL. Needs an engine with debian:bookworm-slim.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBusybox } from '../test/fixtures/busybox.ts';
import { trainingBench } from '../test/fixtures/training.ts';

const trainings = 5;
const budgetMs = 6_000;
const bench = trainingBench();
const program = join(import.meta.dirname, '..', 'test', 'fixtures', 'orphaned-training.ts');

await ensureBusybox(bench.docker);
const { image } = await bench.thatRuns('while true; do sleep 0.1; done');
try {
  const watched = await measured('watched', async (worker) => void (await once(worker, 'exit')));
  const abandoned = await measured('abandoned', killed);
  process.stdout.write(`${JSON.stringify({ trainings, budgetMs, lateMs: { workerWatches: watched, workersDead: abandoned } }, null, 2)}\n`);
} finally {
  await bench.takeDown();
}

async function killed(worker: ReturnType<typeof spawn>): Promise<void> {
  worker.kill('SIGKILL');
  await once(worker, 'exit');
}

/** Milliseconds between the deadlines and the ends of the containers by the engine's clock. */
async function measured(name: string, leave: (worker: ReturnType<typeof spawn>) => Promise<void>): Promise<{ least: number; most: number }> {
  const late: number[] = [];
  for (let number = 0; number < trainings; number += 1) {
    const { run } = bench.newContext(name);
    const worker = spawn(process.execPath, [program, run, image.id, String(budgetMs)], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(worker.stdout, 'data');
    await leave(worker);
    while ((await bench.inspected(run)).State.Running) await sleep(100);
    const { StartedAt, FinishedAt } = (await bench.inspected(run)).State;
    late.push(Date.parse(FinishedAt) - Date.parse(StartedAt) - budgetMs);
  }
  return { least: Math.min(...late), most: Math.max(...late) };
}
