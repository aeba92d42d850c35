import { seededRandom } from '../../domain/random.ts';

/** Every way in which something is disturbed, and how often it is chosen. */
const weights = {
  'worker-kill': 6,
  'worker-restart': 2,
  'worker-stop': 3,
  'temporal-kill': 4,
  'temporal-restart': 1,
  'temporal-stop': 2,
  'store-kill': 4,
  'store-restart': 1,
  'store-stop': 2,
  'engine-kill': 4,
  'engine-restart': 2,
  'engine-stop': 2,
  'containerd-kill': 2,
  'supervisor-kill': 2,
  'training-kill': 2,
  'training-shim-kill': 1,
  'training-stop': 2,
  'serving-kill': 3,
  'serving-shim-kill': 1,
  'serving-stop': 2,
  'guard-kill': 2,
  'relay-kill': 3,
  'store-failing': 4,
  'store-slow': 2,
  'network-cut': 4,
  'disk-full': 3,
  'retries-exhausted': 1,
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
    yield { kind, afterMs: Math.round(200 + random() * 3_000), durationMs: Math.round(1_000 * 2 ** (random() * 4.5)) };
  }
}
