import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Aim } from './aim.ts';
import { ask, isOpen, type Submitted } from './workload.ts';
import type { World } from './world.ts';

/** What of a run can be seen from outside: objects that it stored, events of its history, attempts and their heartbeats. */
interface Mark {
  objects: number;
  events: number;
  beatMs: number;
  startMs: number;
  reported: string;
  /** When objects, events or reports last changed. */
  movedMs: number;
}

/** Watches all runs all the time: by the files of the object store, and by asking Temporal. */
export interface ProgressWatch {
  /** Runs that were at work in the last seconds. */
  atWork(): string[];
  /** Whether a run has moved, or has beaten, since an instant. */
  hasMoved(run: string, sinceMs: number, beatsCount: boolean): boolean;
  stop(): void;
  stopped: AbortSignal;
}

const atWorkMs = 6_000;

export function watchProgress(world: World, submitted: Submitted[]): ProgressWatch {
  const marks = new Map<string, Mark>();
  const stopping = new AbortController();
  const lookAtObjects = async (): Promise<void> => {
    for (const { run, result, error } of submitted) {
      const mark = marks.get(run) ?? { objects: 0, events: 0, beatMs: 0, startMs: 0, reported: '', movedMs: 0 };
      marks.set(run, mark);
      if (result !== undefined || error !== undefined) continue;
      const objects = await objectsOf(world, run);
      if (objects !== mark.objects) Object.assign(mark, { objects, movedMs: Date.now() });
    }
  };
  const askServer = async (): Promise<void> => {
    const signs = await ask(world, submitted);
    for (const { run, historyEvents, reported } of submitted) {
      const mark = marks.get(run);
      if (!mark) continue;
      mark.beatMs = Math.max(mark.beatMs, signs.get(run)?.beatMs ?? 0);
      mark.startMs = Math.max(mark.startMs, signs.get(run)?.startMs ?? 0);
      if (historyEvents !== mark.events || reported !== mark.reported) Object.assign(mark, { events: historyEvents, reported, movedMs: Date.now() });
    }
  };
  const loop = async (look: () => Promise<void>, everyMs: number): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(everyMs);
    }
  };
  void loop(lookAtObjects, 250);
  void loop(askServer, 1_000);
  return {
    atWork: () => submitted.filter((each) => isOpen(each) && Date.now() - (marks.get(each.run)?.movedMs ?? 0) < atWorkMs).map(({ run }) => run),
    hasMoved(run, sinceMs, beatsCount) {
      const mark = marks.get(run);
      const each = submitted.find((other) => other.run === run);
      // What was given up has ended; its retry is another run.
      if (!each || !isOpen(each) || each.retryOf?.run === run) return true;
      // The host has one place for trainings, and it is taken.
      if (each.training === 'waited for' && submitted.some(({ training }) => training === 'under way')) return true;
      return Math.max(mark?.movedMs ?? 0, mark?.startMs ?? 0) >= sinceMs || (beatsCount && (mark?.beatMs ?? 0) >= sinceMs);
    },
    stop: () => stopping.abort(),
    stopped: stopping.signal,
  };
}

async function objectsOf({ objects }: World, run: string): Promise<number> {
  const entries = await readdir(join(objects, 'runs', run), { recursive: true }).catch(() => []);
  return entries.length;
}

const mostWaitMs = 120_000;

export interface Recovered {
  /** From the strike's end to the struck part being up. */
  upMs: number;
  /** From there until all runs that were at work are at work again; undefined where none was. */
  recoveryMs: number | undefined;
  /** The run that took the longest. */
  last: string;
}

/** Waits until what was struck is up, and then until everything that it interrupted is at work again. */
export async function untilRecovered(aim: Aim, watch: ProgressWatch, runs: string[]): Promise<Recovered> {
  const struckMs = Date.now();
  while (!(await aim.isUp()) && Date.now() - struckMs < mostWaitMs) await sleep(100);
  const upMs = Date.now();
  const waiting = new Set(runs);
  let last = '';
  while (waiting.size > 0 && Date.now() - upMs < mostWaitMs) {
    for (const run of waiting) if (watch.hasMoved(run, upMs, aim.beatsCount) && waiting.delete(run)) last = run;
    await sleep(100);
  }
  return { last, upMs: upMs - struckMs, recoveryMs: runs.length === 0 ? undefined : Date.now() - upMs };
}
