import { limits, type TrainingProgress } from '../../domain/index.ts';
import type { DeviceSample } from '../io/gpu-devices.ts';
import { readTrainerLine, type TrainerLine } from './trainer-lines.ts';

/** What is known of a running training beside that it runs: when something was last seen of it, and what it says and uses. */
export interface Observation {
  sawLine(line: string): void;
  sawUse(use: { cpuShare: number; memoryBytes: number; gpu: DeviceSample | undefined }): void;
  /** `unkept` says what of them is not kept, and why. */
  sawCheckpoints(changed: boolean, count: number, unkept?: string): void;
  /** For how long nothing was seen. */
  quietMs(): number;
  /** Pauses are no silence. */
  forgive(): void;
  progress(): Omit<TrainingProgress, 'budgetUsedMs' | 'budgetMs' | 'stalledMs'>;
}

export function createObservation(now: () => number = Date.now): Observation {
  let seenMs = now();
  let said: TrainerLine = {};
  let first: { step: number; atMs: number } | undefined;
  let used: Parameters<Observation['sawUse']>[0] | undefined;
  let checkpoints: Pick<TrainingProgress, 'checkpoints' | 'checkpointsUnkept'> = {};
  const enter = (line: TrainerLine): void => {
    // Another total is another bar: what it counted is no step of this one.
    if (line.steps !== undefined && line.steps !== said.steps) first = undefined;
    said = { ...said, ...line };
    if (line.step !== undefined && (first === undefined || line.step < first.step)) first = { step: line.step, atMs: now() };
  };
  return {
    sawLine(line) {
      seenMs = now();
      const found = readTrainerLine(line);
      if (found) enter(found);
    },
    sawUse(use) {
      used = use;
      if (use.cpuShare > limits.idleShare || (use.gpu?.share ?? 0) > limits.idleShare) seenMs = now();
    },
    sawCheckpoints(changed, count, unkept) {
      checkpoints = { ...(count === 0 ? {} : { checkpoints: count }), ...(unkept === undefined ? {} : { checkpointsUnkept: unkept }) };
      if (changed) seenMs = now();
    },
    quietMs: () => now() - seenMs,
    forgive: () => void (seenMs = now()),
    progress: () => ({ ...said, ...expectedEnd(said, first, now()), ...useOf(used), ...checkpoints }),
  };
}

/** At its pace since the first step that was seen; not said before a hundredth of the way, where it would be a guess. */
function expectedEnd({ step, steps }: TrainerLine, first: { step: number; atMs: number } | undefined, nowMs: number): { expectedEnd?: string } {
  if (step === undefined || steps === undefined || !first || step - first.step < steps / 100 || step >= steps) return {};
  const leftMs = ((steps - step) * (nowMs - first.atMs)) / (step - first.step);
  const endMs = nowMs + leftMs;
  return endMs < 8.64e15 ? { expectedEnd: new Date(endMs).toISOString() } : {};
}

function useOf(used: Parameters<Observation['sawUse']>[0] | undefined): Partial<TrainingProgress> {
  if (!used) return {};
  const { cpuShare, memoryBytes, gpu } = used;
  return { cpuShare: Math.round(cpuShare * 100) / 100, memoryBytes, ...(gpu ? { gpu } : {}) };
}
