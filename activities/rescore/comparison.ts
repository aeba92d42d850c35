import type { ParityReport } from '../../domain/results.ts';
import { type Context, perturbationName, statisticKey } from './statistics.ts';

/** Which value: of one instance in one trial, or ("*", 0) of all. */
export interface Place {
  instanceId: string;
  trial: number;
  metric: string;
  context: Context;
}

export interface Value {
  value: number | null;
  count: number;
}

/**
 * numpy's and the C library's exp and Python's pow differ from V8's in the last digit, and Python 3.12 sums with compensation: what
 * comes from log probabilities and times is equal up to this. Values of answers are zeros, ones and quotients and equal exactly.
 */
const tolerance = 1e-12;

/** Collects both sides, ours first, and compares place by place. */
export function createComparison(): { ours(place: Place, value: Value): void; theirs(place: Place, value: Value): void; report(): ParityReport } {
  const own = new Map<string, { place: Place; value: Value; met: boolean }>();
  const recomputed = new Set<string>();
  const isOpen = (value: Value | undefined): boolean => Number.isNaN(value?.value);
  const unsupported = new Set<string>();
  const differing: ParityReport['differing'] = [];
  let compared = 0;
  const compare = (place: Place, theirs: Value | null, ours: Value | null): void => {
    compared += 1;
    if (!isEqual(theirs, ours)) differing.push(difference(place, theirs, ours));
  };
  return {
    ours: (place, value) => {
      recomputed.add(nameKey(place));
      own.set(placeKey(place), { place, value, met: false });
    },
    theirs: (place, value) => {
      const found = own.get(placeKey(place));
      if (found) found.met = true;
      if (recomputed.has(nameKey(place)) && !isOpen(found?.value)) compare(place, value, found?.value ?? null);
      else unsupported.add(place.metric);
    },
    report: () => {
      for (const { place, value, met } of own.values()) if (!met && !isOpen(value)) compare(place, null, value);
      return { schema: 'reprise.parity/v1', compared, equal: compared - differing.length, differing, unsupported: [...unsupported].sort() };
    },
  };
}

function isEqual(theirs: Value | null, ours: Value | null): boolean {
  if (theirs === null || ours === null || theirs.count !== ours.count) return false;
  if (theirs.value === null || ours.value === null) return theirs.value === ours.value;
  return Math.abs(theirs.value - ours.value) <= tolerance * Math.max(1, Math.abs(theirs.value));
}

function difference({ instanceId, trial, metric, context }: Place, theirs: Value | null, ours: Value | null): ParityReport['differing'][number] {
  const perturbation = perturbationName(context.perturbation);
  const isCount = theirs !== null && ours !== null && theirs.count !== ours.count;
  return {
    instanceId,
    ...(perturbation === undefined ? {} : { perturbation }),
    trial,
    metric: isCount ? `${metric} (count)` : metric,
    ...(context.split === undefined ? {} : { split: context.split }),
    theirs: isCount ? theirs.count : (theirs?.value ?? null),
    ours: isCount ? ours.count : (ours?.value ?? null),
  };
}

/** Whether a name is recomputed may differ between instances and means. */
function nameKey({ instanceId, metric }: Place): string {
  return JSON.stringify([instanceId === '*', metric]);
}

function placeKey({ instanceId, trial, metric, context }: Place): string {
  return JSON.stringify([instanceId, trial, statisticKey(metric, context)]);
}
