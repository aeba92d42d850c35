import { z } from 'zod';

const instant = z.iso.datetime();

/** One life of a training container: from one start to its end. `runs/<run>/budget/<startedAt>.start.json`, written once. */
export const LifeStart = z.object({
  schema: z.literal('reprise.life-start/v1'),
  /** Id of the container. */
  container: z.string(),
  host: z.string(),
  /** By the engine's clock. */
  startedAt: instant,
  /** Budget that earlier lives used. */
  usedBeforeMs: z.number(),
  /** The host's count of processes killed for memory, where it is known; another at the end says that one was. */
  hostKills: z.number().nullable(),
});
export type LifeStart = z.infer<typeof LifeStart>;

/** Why a life did not end by itself; decided before it is stopped, or when its end is judged, so that every attempt judges alike. */
export const EndReason = z.enum(['deadline', 'stalled', 'disk-quota', 'process-limit', 'lost', 'cancelled']);
export type EndReason = z.infer<typeof EndReason>;

export const LifeEnd = z.object({
  schema: z.literal('reprise.life-end/v1'),
  /** Of the life that it ends. */
  startedAt: instant,
  endedAt: instant,
  reason: EndReason,
  /** One line for people. */
  message: z.string(),
});
export type LifeEnd = z.infer<typeof LifeEnd>;

/** Time in which the container stood still for a platform's reason; it is given back. */
export const Pause = z.object({
  schema: z.literal('reprise.pause/v1'),
  startedAt: instant,
  from: instant,
  to: instant,
});
export type Pause = z.infer<typeof Pause>;

/** Pauses of one life, in milliseconds, up to an instant. Pauses that were seen twice count once. */
export function pausedMs(life: Pick<LifeStart, 'startedAt'>, pauses: readonly Pause[], untilMs: number): number {
  const startMs = Date.parse(life.startedAt);
  const spans = pauses
    .filter(({ startedAt }) => startedAt === life.startedAt)
    .map(({ from, to }) => ({ from: Math.max(Date.parse(from), startMs), to: Math.min(Date.parse(to), untilMs) }))
    .sort((a, b) => a.from - b.from);
  let sum = 0;
  let reached = startMs;
  for (const { from, to } of spans) {
    sum += Math.max(to - Math.max(from, reached), 0);
    reached = Math.max(reached, to);
  }
  return sum;
}

/** Budget that is used at an instant of a life (Unix time in ms), earlier lives included. */
export function usedMs(life: LifeStart, pauses: readonly Pause[], atMs: number): number {
  return life.usedBeforeMs + Math.max(atMs - Date.parse(life.startedAt), 0) - pausedMs(life, pauses, atMs);
}

/**
 * When a life must have ended (Unix time in ms): what is left of the budget from the container's own start, and what it stood
 * still. Whoever attaches computes the same instant; no retry moves it.
 */
export function deadlineMs(life: LifeStart, pauses: readonly Pause[], budgetMs: number): number {
  return Date.parse(life.startedAt) + Math.max(budgetMs - life.usedBeforeMs, 0) + pausedMs(life, pauses, Infinity);
}
