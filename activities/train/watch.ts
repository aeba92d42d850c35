import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits, type TrainingProgress } from '../../domain/index.ts';
import { stateOf, stopContainer, type ContainerState } from '../io/docker/containers.ts';
import { eventsOf } from '../io/docker/history.ts';
import { copyContainerLog, type StageLog } from '../logs/index.ts';
import { letGo } from '../stage.ts';
import { ensureGuard } from './guard.ts';
import { createObservation, type Observation } from './observation.ts';
import { keepLastCheckpoint, observeTraining, type Decide } from './observers.ts';
import { progressText } from './progress-text.ts';
import type { Training } from './training.ts';
import { enterDeviceTime, enterLastUse, hostKills } from './use.ts';

/**
 * Follows a started training to its end: copies its log, keeps its checkpoints, reports its progress, and stops it at the
 * deadline, which a guard keeps as well (guard.ts). A cancellation stops it too; when the attempt is given up for another reason
 * the container is left to the next one. Resolves to how it ended.
 */
export async function watchTraining(training: Training): Promise<ContainerState> {
  const { container, log, context } = training;
  const seen = createObservation();
  const copying = new AbortController();
  const looking = new AbortController();
  const life = { isOver: false };
  const copied = copyContainerLog(container, tapped(log, seen), copying.signal, () => !life.isOver);
  copied.catch(() => looking.abort()); // Told below; the loop ends on it.
  let observed: Promise<void> = Promise.resolve();
  try {
    const guard = await enterLife(training);
    observed = guard ? observeTraining(training, guard, seen, decideOn(training), looking.signal) : observed;
    observed.catch(() => looking.abort());
    for (;;) {
      const ended = await untilEnded(training, seen, looking.signal);
      life.isOver = true;
      if (await untilCopied(container, ended, copied)) return ended;
      life.isOver = false;
    }
  } catch (error) {
    if (context.signal.aborted) throw await letGo(context, () => ((life.isOver = true), stopCancelled(training, copied)));
    // A log that cannot be copied, or an attempt that was superseded, is the cause; not the wait that it ended.
    await (looking.signal.aborted ? Promise.race([observed, copied]) : undefined);
    throw error;
  } finally {
    looking.abort();
    copying.abort();
    await Promise.allSettled([copied, observed]);
  }
}

/** Enters the container's start into the account and sees that its guard is there; undefined where it has ended already. */
async function enterLife(training: Training): Promise<Container | undefined> {
  const { container, budget } = training;
  const state = await stateOf(container);
  await budget.enter(state, await hostKills());
  await enterPauses(training, state);
  return state.status === 'running' ? guardUntil(training, budget.deadlineMs()) : undefined;
}

async function guardUntil({ dependencies, owner, id, volumes, budget }: Training, deadlineMs: number): Promise<Container> {
  const startedMs = Date.parse(budget.life()?.startedAt ?? '');
  return ensureGuard(dependencies.docker, { owner, container: id, startedMs, volumes }, { atMs: deadlineMs + limits.guardAfterMs }, dependencies.settings);
}

/** What stood still while nobody watched, as far as the engine remembers. */
async function enterPauses({ dependencies, budget, id }: Training, { startedAt, paused }: ContainerState): Promise<void> {
  const events = await eventsOf(dependencies.docker, id, Date.parse(startedAt ?? ''), Date.now());
  let fromMs: number | undefined;
  for (const { action, atMs } of events) {
    if (action === 'pause') fromMs = atMs;
    if (action === 'unpause' && fromMs !== undefined) await budget.pause(fromMs, atMs);
    if (action === 'unpause') fromMs = undefined;
  }
  // The rest of a pause that goes on is entered by the loop, from now.
  if (paused && fromMs !== undefined) await budget.pause(fromMs, Date.now());
}

async function untilEnded(training: Training, seen: Observation, looking: AbortSignal): Promise<ContainerState> {
  const { container, budget, context } = training;
  const signal = AbortSignal.any([context.signal, looking]);
  let pausedSinceMs: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const state = await stateOf(container);
    if (state.status === 'exited') return state;
    if (state.startedAt !== budget.life()?.startedAt) await enterLife(training);
    pausedSinceMs = await attendPause(training, state, pausedSinceMs, seen);
    if (pausedSinceMs === undefined) {
      if (Date.now() >= budget.deadlineMs()) await stopContainer(container, limits.stopGraceMs);
      await attendStall(training, seen);
    }
    report(training, seen, pausedSinceMs !== undefined);
    const untilDeadlineMs = pausedSinceMs === undefined ? Math.max(budget.deadlineMs() - Date.now(), 0) : Infinity;
    await sleep(Math.min(limits.containerPollMs, untilDeadlineMs), undefined, { signal });
  }
}

/** Whether the whole log is there; false where somebody started the container again meanwhile, and there is more to come. */
async function untilCopied(container: Container, ended: ContainerState, copied: Promise<void>): Promise<boolean> {
  for (;;) {
    const isCopied = await Promise.race([copied.then(() => true), sleep(limits.containerPollMs, false, { ref: false })]);
    if (isCopied) return true;
    if ((await stateOf(container)).startedAt !== ended.startedAt) return false;
  }
}

/** While it stands still its guard waits longer; how long it stood is given back. Resolves to since when. */
async function attendPause(training: Training, { paused }: ContainerState, sinceMs: number | undefined, seen: Observation): Promise<number | undefined> {
  const nowMs = Date.now();
  if (paused) {
    seen.forgive();
    const stoodMs = nowMs - (sinceMs ?? nowMs);
    // One guard for every ten minutes of a pause, made at its beginning.
    const aheadMs = (Math.floor(stoodMs / pauseStepMs) + 2) * pauseStepMs;
    await guardUntil(training, training.budget.deadlineMs() + aheadMs);
    return sinceMs ?? nowMs;
  }
  if (sinceMs === undefined) return undefined;
  await training.budget.pause(sinceMs, nowMs);
  await guardUntil(training, training.budget.deadlineMs());
  return undefined;
}

const pauseStepMs = 600_000;

async function attendStall(training: Training, seen: Observation): Promise<void> {
  const { afterMs, stops } = training.bounds.stalled;
  if (!stops || seen.quietMs() < afterMs) return;
  await decideOn(training)('stalled', `nothing was seen of the training for ${Math.floor(afterMs / 1_000)} s: no log line, checkpoint, CPU or GPU activity`);
}

/** The decision is stored before it is carried out, so that whoever finds the ended container knows why. */
function decideOn({ container, budget, lease }: Training): Decide {
  return async (reason, message) => {
    await lease.assertHeld();
    await budget.end(reason, Date.now(), message);
    await stopContainer(container, limits.stopGraceMs);
  };
}

/** A cancelled run's training is stopped, and what it wrote is kept: its log, and its last checkpoint. */
async function stopCancelled(training: Training, copied: Promise<void>): Promise<void> {
  await enterLastUse(training);
  await decideOn(training)('cancelled', 'the run was cancelled');
  enterDeviceTime(training, Date.parse((await stateOf(training.container)).finishedAt ?? ''));
  await copied;
  const guard = training.dependencies.docker.getContainer((await guardUntil(training, Date.now() + pauseStepMs)).id);
  await keepLastCheckpoint(training, guard, training.budget.usedMs(Date.now()));
}

/** Shows each line to the observation on its way into the log. */
function tapped(log: StageLog, seen: Observation): StageLog {
  return {
    ...log,
    async writeLine(text, at, part) {
      seen.sawLine(text);
      await log.writeLine(text, at, part);
    },
  };
}

function report({ budget, submission, bounds, log, context }: Training, seen: Observation, paused: boolean): void {
  const nowMs = Date.now();
  const quietMs = seen.quietMs();
  const training: TrainingProgress = {
    budgetUsedMs: Math.round(Math.min(budget.usedMs(nowMs), submission.trainingBudgetMs)),
    budgetMs: submission.trainingBudgetMs,
    ...seen.progress(),
    ...(quietMs >= bounds.stalled.afterMs ? { stalledMs: quietMs } : {}),
  };
  const lastLogLine = log.lastLine();
  context.report({
    message: paused ? `paused by the host; ${progressText(training, nowMs)}` : progressText(training, nowMs),
    done: Math.round(training.budgetUsedMs / 1_000),
    total: Math.round(training.budgetMs / 1_000),
    training,
    ...(lastLogLine === undefined ? {} : { lastLogLine }),
  });
}
