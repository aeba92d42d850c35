import type { Options } from './options.ts';
import type { FaultKind } from './plan.ts';

/** What one fault did, in order; the timeline of a world that did not hold. */
export interface Event {
  /** Milliseconds since the world began. */
  atMs: number;
  what: string;
}

export interface Finding {
  kind: 'lost' | 'doubled' | 'wrong' | 'left';
  /** Run, object or container. */
  of: string;
  message: string;
}

export interface Quantiles {
  p50: number;
  p95: number;
  max: number;
}

export interface Summary {
  schema: 'reprise.chaos/v1';
  seed: string;
  minutes: number;
  /** Faults that hit something. */
  kills: number;
  killsByKind: Partial<Record<FaultKind, number>>;
  submissions: number;
  answers: number;
  lost: number;
  doubled: number;
  wrong: number;
  left: number;
  /** Steps of trainings that were done again, in seconds of training. */
  trainingSecondsLost: number;
  mostHistoryEvents: { undisturbed: number; disturbed: number };
  objectsVerified: number;
  /** From the killed part being up again to the first sign of work of every run that it had interrupted. */
  recoveryMs: Quantiles | null;
  slowest: { kind: FaultKind; recoveryMs: number }[];
  holds: boolean;
  findings: Finding[];
  /** Only where something did not hold. */
  timeline?: Event[];
}

export function quantilesOf(values: number[]): Quantiles | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(Math.ceil(share * sorted.length) - 1, sorted.length - 1)] ?? 0);
  return sorted.length === 0 ? null : { p50: at(0.5), p95: at(0.95), max: at(1) };
}

export function lineOf({ atMs, what }: Event): string {
  return `${(atMs / 1_000).toFixed(1).padStart(7)} s  ${what}`;
}

/** The timeline to the error output, unless it stands there already, the rest as JSON. */
export function printSummary({ timeline = [], ...summary }: Summary, { verbose }: Pick<Options, 'verbose'>): void {
  if (!verbose) for (const event of timeline) console.error(lineOf(event));
  console.log(JSON.stringify(summary, null, 2));
}
