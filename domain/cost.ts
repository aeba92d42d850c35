import { z } from 'zod';

/** What the containers of a stage used. */
export const Use = z.object({ cpuMs: z.number().optional(), gpuMs: z.number().optional(), energyJoules: z.number().optional() });
export type Use = z.infer<typeof Use>;

/** What the attempts at a stage have spent so far. It travels in heartbeats, so that the next attempt goes on with it. */
export const Spent = z.object({
  wallMs: z.number(),
  queuedMs: z.number(),
  storedBytes: z.number(),
  movedBytes: z.number(),
  /** By the life of a container: its start, by which every attempt that looks after it knows it. */
  uses: z.record(z.string(), Use),
});
export type Spent = z.infer<typeof Spent>;

export function nothingSpent(): Spent {
  return { wallMs: 0, queuedMs: 0, storedBytes: 0, movedBytes: 0, uses: {} };
}

export function costOf({ wallMs, queuedMs, storedBytes, movedBytes, uses }: Spent): StageCost {
  const all = Object.values(uses);
  const sum = (of: (use: Use) => number | undefined): number | undefined =>
    all.some((use) => of(use) !== undefined) ? all.reduce((total, use) => total + (of(use) ?? 0), 0) : undefined;
  const [cpuMs, gpuMs, energyJoules] = [sum((use) => use.cpuMs), sum((use) => use.gpuMs), sum((use) => use.energyJoules)];
  return {
    wallMs,
    queuedMs,
    storedBytes,
    movedBytes,
    ...(cpuMs === undefined ? {} : { cpuSeconds: cpuMs / 1_000 }),
    ...(gpuMs === undefined ? {} : { gpuSeconds: gpuMs / 1_000 }),
    ...(energyJoules === undefined ? {} : { energyJoules }),
  };
}

/** What one stage of one run cost the platform in all its attempts; what could not be measured is absent, and not zero. */
export const StageCost = z.object({
  /** For which somebody worked at it. */
  wallMs: z.number(),
  /** From when the work was given out to when a worker took it. */
  queuedMs: z.number(),
  /** Of the submission's containers. */
  cpuSeconds: z.number().optional(),
  /** Seconds for which it had a device to itself. */
  gpuSeconds: z.number().optional(),
  /** Of the device, measured. */
  energyJoules: z.number().optional(),
  /** New bytes in the object store. */
  storedBytes: z.number(),
  /** Bytes to and from the object store. */
  movedBytes: z.number(),
});
export type StageCost = z.infer<typeof StageCost>;

export const priceNames = ['gpu-hour', 'cpu-hour', 'stored-gib', 'moved-gib', 'kwh'] as const;
type PriceName = (typeof priceNames)[number];

/** An operator's prices: `gpu-hour=2.5,cpu-hour=0.04,currency=EUR`. What has no price costs nothing. */
export interface Prices {
  currency: string;
  each: Partial<Record<PriceName, number>>;
}

/** Undefined where the text names no price; throws RangeError naming what it does not understand. */
export function parsePrices(text: string): Prices | undefined {
  const prices: Prices = { currency: '', each: {} };
  for (const pair of text.split(',').map((each) => each.trim())) {
    if (pair === '') continue;
    const [name = '', value = ''] = pair.split('=').map((each) => each.trim());
    const amount = Number(value);
    if (name === 'currency') prices.currency = value;
    else if (isPriceName(name) && value !== '' && Number.isFinite(amount) && amount >= 0) prices.each[name] = amount;
    else throw new RangeError(`${pair}: must be currency=… or one of ${priceNames.join(', ')} with a number`);
  }
  return Object.keys(prices.each).length === 0 ? undefined : prices;
}

/** The sum of several stages' costs. */
export function totalCost(costs: StageCost[]): StageCost {
  const sum = (of: (cost: StageCost) => number | undefined): number => costs.reduce((total, cost) => total + (of(cost) ?? 0), 0);
  const known = (of: (cost: StageCost) => number | undefined): number | undefined => (costs.some((cost) => of(cost) !== undefined) ? sum(of) : undefined);
  const cpuSeconds = known((cost) => cost.cpuSeconds);
  const gpuSeconds = known((cost) => cost.gpuSeconds);
  const energyJoules = known((cost) => cost.energyJoules);
  return {
    wallMs: sum((cost) => cost.wallMs),
    queuedMs: sum((cost) => cost.queuedMs),
    storedBytes: sum((cost) => cost.storedBytes),
    movedBytes: sum((cost) => cost.movedBytes),
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(gpuSeconds === undefined ? {} : { gpuSeconds }),
    ...(energyJoules === undefined ? {} : { energyJoules }),
  };
}

/** Waiting in a queue is nobody's cost. */
export function priceOf(cost: StageCost, { each }: Prices): number {
  const amounts: Record<PriceName, number> = {
    'gpu-hour': (cost.gpuSeconds ?? 0) / 3_600,
    'cpu-hour': (cost.cpuSeconds ?? 0) / 3_600,
    'stored-gib': cost.storedBytes / 1024 ** 3,
    'moved-gib': cost.movedBytes / 1024 ** 3,
    kwh: (cost.energyJoules ?? 0) / 3.6e6,
  };
  return priceNames.reduce((total, name) => total + amounts[name] * (each[name] ?? 0), 0);
}

function isPriceName(name: string): name is PriceName {
  return (priceNames as readonly string[]).includes(name);
}
