import { seededRandom } from '../../domain/random.ts';

/** Every way in which something is disturbed, and how often it is chosen. */
const weights = {
  'worker-kill': 6,
} as const;
export type FaultKind = keyof typeof weights;

export interface PlannedFault {
  kind: FaultKind;
  /** After the fault before has passed. */
  afterMs: number;
  /** Of what lasts. */
  durationMs: number;
}

/** The same faults in the same order for the same seed, without end; what is there to be hit decides itself. */
export function* planOf(seed: string, only = ''): Generator<PlannedFault, never> {
  const random = seededRandom(`chaos ${seed}`);
  const kinds = (Object.keys(weights) as FaultKind[]).filter((kind) => kind.startsWith(only));
  if (kinds.length === 0) throw new Error(`no fault begins with ${only}`);
  const total = kinds.reduce((sum, kind) => sum + weights[kind], 0);
  for (;;) {
    let ticket = random() * total;
    const kind = kinds.find((each) => (ticket -= weights[each]) < 0) ?? 'worker-kill';
    yield { kind, afterMs: Math.round(500 + random() * 5_000), durationMs: Math.round(1_000 * 2 ** (random() * 4.5)) };
  }
}
