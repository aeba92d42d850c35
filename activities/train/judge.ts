import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ContainerState } from '../io/docker/containers.ts';
import { endsContainers, engineStartedMs, eventsOf } from '../io/docker/history.ts';
import { lastLines } from '../logs/index.ts';
import { deviceHealth, fatalXidSince } from '../io/gpu-devices.ts';
import { layerBytes } from '../io/docker/use.ts';
import { hasGuardStopped } from './guard.ts';
import type { Training } from './training.ts';
import { hostKills } from './use.ts';
import { endedUnheard, faultOf, resumable, type OutsideFacts } from './verdict.ts';

const unheard = 'reprise: the engine was away when the training ended; what it printed last may be missing';

/**
 * Throws what is wrong with how a training ended. An end by a platform's fault is entered into its account first, so that the
 * next attempt starts it again; where the log may lack its end, it says so. Failures: the TRAIN_ codes, ENGINE_LOST_CONTAINER, HOST_OUT_OF_MEMORY, GPU_LOST.
 */
export async function refuseFaulty(training: Training, ended: ContainerState, refused?: string): Promise<void> {
  const { dependencies, context, budget, submission, log, container, bounds } = training;
  const startedAtMs = Date.parse(ended.startedAt ?? '');
  const finishedAtMs = Date.parse(ended.finishedAt ?? '');
  const outside = await outsideFacts(training, startedAtMs, finishedAtMs, ended.exitCode);
  const fault = faultOf({
    exitCode: ended.exitCode,
    oomKilled: ended.oomKilled,
    startedAtMs,
    finishedAtMs,
    deadlineMs: budget.deadlineMs(),
    budgetMs: submission.trainingBudgetMs,
    lives: budget.lives(),
    wroteBytes: ended.exitCode === 0 ? 0 : await layerBytes(container),
    diskBytes: bounds.diskBytes,
    lastLine: log.lastLine(),
    tail: ended.exitCode === 0 ? [] : await lastLines(dependencies.store, context, limits.logTailBytes),
    decided: budget.ended(),
    outside,
  });
  // An attempt before this one may have said it.
  if (endedUnheard({ startedAtMs, finishedAtMs, ...outside }) && log.lastLine() !== unheard) await log.write(`${unheard}\n`);
  if (!fault) return;
  if (fault.code === 'TRAIN_TIMEOUT') await budget.end('deadline', finishedAtMs, fault.message);
  if (resumable.has(fault.code)) await budget.end('lost', finishedAtMs, fault.message);
  const hint = fault.code === 'TRAIN_EXIT' && refused !== undefined ? `; its proxy refused ${refused}` : '';
  throw failure(fault.code, `${fault.message}${hint}`);
}

async function outsideFacts({ dependencies: { docker }, owner, id, budget, device }: Training, startedAtMs: number, finishedAtMs: number, exitCode: number): Promise<OutsideFacts> {
  const killsBefore = budget.life()?.hostKills ?? null;
  const killsNow = await hostKills();
  const engineEnds = await endsContainers(docker);
  return {
    guardStopped: await hasGuardStopped(docker, { owner, container: id }),
    engineStartedMs: await engineStartedMs(docker, { id, startedAtMs, engineEnds }),
    engineEnds,
    signal: await signalOf(docker, id, startedAtMs, finishedAtMs),
    hostKilled: killsBefore !== null && killsNow !== null && killsNow > killsBefore,
    deviceProblem: device === undefined || exitCode === 0 ? undefined : await deviceProblem(device, startedAtMs),
  };
}

const endingSignals = new Set(['2', '3', '9', '15']);

/** What ended it shortly before it ended; a signal that a training got over says nothing. */
async function signalOf(docker: Training['dependencies']['docker'], id: string, startedAtMs: number, finishedAtMs: number): Promise<string | undefined> {
  const events = await eventsOf(docker, id, startedAtMs, Math.min(finishedAtMs + 1_000, Date.now()));
  const earliestMs = finishedAtMs - 6 * limits.stopGraceMs;
  return events.find(({ action, signal, atMs }) => action === 'kill' && endingSignals.has(signal ?? '') && atMs >= earliestMs)?.signal;
}

async function deviceProblem(uuid: string, sinceMs: number): Promise<string | undefined> {
  const health = await deviceHealth(uuid);
  return health?.healthy === false ? health.problem : fatalXidSince(sinceMs);
}
