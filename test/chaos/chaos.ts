import { setTimeout as sleep } from 'node:timers/promises';
import { faults } from './faults.ts';
import type { Options } from './options.ts';
import { judge } from './oracle/judge.ts';
import { planOf, type FaultKind, type PlannedFault } from './plan.ts';
import { untilRecovered, watchProgress, type ProgressWatch } from './progress.ts';
import type { Summary } from './summary.ts';
import { isOpen, reprise, submit, type Submitted } from './workload.ts';
import { writeSuite, type World } from './world.ts';

export interface Struck {
  kind: FaultKind;
  recoveryMs: number | undefined;
}

/** More at a time than the one training that a host without GPUs does at a time. */
const submissionsAtOnce = 3;
const aimForMs = 6_000;
const drainMs = 10 * 60_000;

/**
 * One undisturbed run to compare with, then a stream of submissions that is disturbed by one fault after the other; when all have
 * ended, the oracle looks at what there is.
 */
export async function chaos(world: World, options: Options): Promise<Summary> {
  const suite = writeSuite(world);
  const submitted: Submitted[] = [];
  const watch = watchProgress(world, submitted);
  submitted.push(await submit(world, suite, 'undisturbed'));
  await untilEnded(submitted);
  if (submitted[0]?.result?.status !== 'completed') return judge(world, options, submitted, []);
  const disturbing = new AbortController();
  const streaming = stream(world, suite, submitted, disturbing.signal);
  streaming.catch(() => disturbing.abort());
  const resubmitting = resubmit(world, submitted, watch.stopped);
  const struck = await disturb(world, submitted, watch, options, disturbing.signal);
  disturbing.abort();
  await streaming;
  world.say('no more faults; waiting for all runs to end');
  await Promise.race([untilEnded(submitted), sleep(drainMs)]);
  watch.stop();
  await resubmitting;
  return judge(world, options, submitted, struck);
}

/** Keeps some submissions on their way until the disturbance ends. */
async function stream(world: World, suite: string, submitted: Submitted[], signal: AbortSignal): Promise<void> {
  for (let number = 1; !signal.aborted; ) {
    if (submitted.filter(isOpen).length < submissionsAtOnce) {
      submitted.push(await submit(world, suite, `counting-${number}`));
      number += 1;
    }
    await sleep(500);
  }
}

/** What the platform had to give up is tried again by its submitter. */
async function resubmit(world: World, submitted: Submitted[], stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    for (const each of submitted) {
      if (!each.retryOf || each.run !== each.retryOf.run) continue;
      each.run = (await reprise(world, ['retry', each.workflowId])).trim();
      world.say(`${each.name} tried again as ${each.run}`);
    }
    await sleep(500);
  }
}

/** One fault after the other, or several at a time: never two of a kind, which would mend each other. */
async function disturb(world: World, submitted: Submitted[], watch: ProgressWatch, { seed, kills, minutes, atOnce: lanes, only }: Options, signal: AbortSignal): Promise<Struck[]> {
  const endMs = performance.now() + minutes * 60_000;
  const struck: Struck[] = [];
  const plan = planOf(seed, only);
  const underWay = new Set<FaultKind>();
  let begun = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const fault = plan.next().value;
      await sleep(fault.afterMs);
      if (struck.length + underWay.size >= kills || performance.now() > endMs || signal.aborted) return;
      if (underWay.has(fault.kind)) continue;
      underWay.add(fault.kind);
      begun += 1;
      const [others, before] = [underWay.size - 1, begun];
      const done = await strike(world, fault, submitted, watch).finally(() => underWay.delete(fault.kind));
      // What recovers from two at a time says nothing of either.
      if (done) world.say(`fault ${struck.length + 1} is over`);
      if (done) struck.push(others === 0 && before === begun ? done : { ...done, recoveryMs: undefined });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return struck;
}

async function strike(world: World, fault: PlannedFault, submitted: Submitted[], watch: ProgressWatch): Promise<Struck | undefined> {
  const endMs = performance.now() + aimForMs;
  let aim = await faults[fault.kind](world, fault, submitted);
  while (!aim && performance.now() < endMs) {
    await sleep(500);
    aim = await faults[fault.kind](world, fault, submitted);
  }
  if (!aim) return void world.say(`${fault.kind}: nothing to hit`);
  const runs = watch.atWork();
  world.say(aim.what);
  world.strikes.push({ kind: fault.kind, atMs: Date.now() });
  await aim.strike();
  const { upMs, recoveryMs, last } = await untilRecovered(aim, watch, runs);
  world.say(`${fault.kind}: up after ${upMs} ms, ${runs.length} runs at work again after ${recoveryMs ?? '-'} ms${last === '' ? '' : ` (${last})`}`);
  return { kind: fault.kind, recoveryMs };
}

async function untilEnded(submitted: Submitted[]): Promise<void> {
  while (submitted.some(isOpen)) await sleep(250);
}
