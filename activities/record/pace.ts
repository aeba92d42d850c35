import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../domain/index.ts';

/** Waits, where it must, before the next portion of a body goes to the store. */
export type Pace = () => Promise<void>;

/**
 * Bodies on their way to the store leave the time of this process to answers that are passing: builds wait for these, and for the
 * others only at the end. Where there is time for both, nothing waits. `busyShare` is the share of time that the process was busy since
 * the last portion.
 */
export function createPace(passing: () => number, busyShare: () => number = shareSinceLast()): Pace {
  return async () => {
    const share = busyShare();
    if (passing() > 0 && share > limits.recordBusyShare) await sleep(limits.recordYieldMs);
  };
}

function shareSinceLast(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
