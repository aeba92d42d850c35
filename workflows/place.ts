import { ActivityFailure, CancelledFailure, isCancellation, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { Spent, StageCost } from '../domain/index.ts';
import { workflowQueue, type Activities, type Queues, type Route } from './contract.ts';
import { costIn } from './cost.ts';
import { hostPatience, policies } from './policy.ts';
import type { Reproduction } from './steps.ts';

/** Where a run is at home now; it can change, and what is under way on another host then follows. */
export interface Place {
  queues: Queues;
  /** A move that is being decided: stages beside each other go to the same host. */
  deciding?: Promise<void>;
}

type HostActivity = 'pin' | 'build' | 'scanImages' | 'storeImages' | 'train' | 'evaluate' | 'cleanUp';

/** An activity by its name, with its policy; the summary stands beside it in the UI's timeline. */
export function activity<Name extends keyof Activities>(name: Name, taskQueue: string, summary: string, waits?: number): Activities[Name] {
  const patience = waits === undefined ? {} : patienceOf(waits);
  // A cancelled run has ended only when its containers have.
  return proxyActivities<Activities>({ taskQueue, summary, cancellationType: 'WAIT_CANCELLATION_COMPLETED', ...policies[name], ...patience })[name];
}

/**
 * Has work done on the run's host. What no worker takes for a while is given out again: on the same host where it has workers, which
 * are busy then, as a device is for a day; else on another host, to which the run moves as a whole. What its attempts spent goes along.
 */
export async function onHost<Name extends HostActivity, Result>(
  reproduction: Reproduction,
  name: Name,
  summary: string,
  call: (work: Activities[Name]) => Promise<Result>,
): Promise<Result> {
  const { request, place, evidence } = reproduction;
  let spent: Spent | undefined;
  let cost: StageCost | undefined;
  for (let waits = 0; ; waits += 1) {
    const { queues } = place;
    try {
      return await call(goingOn(activity(name, name === 'train' ? queues.train : queues.host, summary, waits), spent));
    } catch (error) {
      if (!isUntaken(error)) throw withCost(error, cost);
      cost = costIn(error) ?? cost;
      spent = spentBy(error, spent, patienceOf(waits).scheduleToStartTimeout);
      // The values of a run's secrets are on its host alone: it waits for that one.
      const images = request?.secrets ? undefined : evidence.images.map(({ id }) => id);
      place.deciding ??= move(reproduction, images).finally(() => delete place.deciding);
      // Work beside this one may have moved the run already.
      if (place.queues === queues) await place.deciding;
    }
  }
}

/** Has work done on a host or not at all: nothing is left to do on one that is gone. */
export async function unlessGone<Name extends HostActivity>(reproduction: Reproduction, name: Name, summary: string, call: (work: Activities[Name]) => Promise<void>): Promise<void> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await call(activity(name, reproduction.place.queues.host, summary, waits));
    } catch (error) {
      if (!isUntaken(error)) throw error;
      if ((await askRoute(reproduction, undefined)).isGone) return;
    }
  }
}

function goingOn<Name extends HostActivity>(work: Activities[Name], spent: Spent | undefined): Activities[Name] {
  if (!spent) return work;
  return ((input: object) => (work as (input: object) => Promise<unknown>)({ ...input, spent })) as Activities[Name];
}

/** By the last heartbeat of the attempts; the last of them waited and was never taken. */
function spentBy(error: ActivityFailure, before: Spent | undefined, waitedMs: number): Spent {
  const { lastHeartbeatDetails } = error.cause as TimeoutFailure;
  const told = (lastHeartbeatDetails as { spent?: Spent } | null | undefined)?.spent;
  const spent = told ?? before ?? { wallMs: 0, queuedMs: 0, storedBytes: 0, movedBytes: 0, uses: {} };
  return { ...spent, queuedMs: spent.queuedMs + waitedMs };
}

/** Of work that is cancelled while it waits, nobody tells any more what it had cost before. */
function withCost(error: unknown, cost: StageCost | undefined): unknown {
  return cost && isCancellation(error) && !costIn(error) ? new CancelledFailure('the run was cancelled', [{ cost }], error as Error) : error;
}

async function move(reproduction: Reproduction, images: string[] | undefined): Promise<void> {
  const { queues } = await askRoute(reproduction, images);
  if (queues.host !== reproduction.place.queues.host) reproduction.place.queues = queues;
}

function askRoute({ intake, ledger, place }: Reproduction, images: string[] | undefined): Promise<Route> {
  const { run } = ledger.run;
  const route = activity('route', workflowQueue, `Whether ${place.queues.host} has a worker`);
  return route({ run, track: intake.submission.track, queues: place.queues, ...(images ? { images } : {}) });
}

/** What waited before goes first, as it lost its place in the queue. */
function patienceOf(waits: number): { scheduleToStartTimeout: number; priority: { priorityKey: number } } {
  return { scheduleToStartTimeout: Math.min(hostPatience.firstMs * 2 ** waits, hostPatience.mostMs), priority: { priorityKey: Math.max(3 - waits, 1) } };
}

function isUntaken(error: unknown): error is ActivityFailure {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';
}
