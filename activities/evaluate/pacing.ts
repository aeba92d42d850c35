import { limits } from '../../domain/index.ts';

/**
 * How many requests may be in flight, found by measuring: from one upwards in steps of `growth`, as long as the server answers
 * more questions a second for it. Most of the contest's servers are serial and stay at one; what more would only queue there,
 * and be lost with a crash.
 */
export interface Pacing {
  /** Requests that may be in flight now. */
  inFlight: number;
  /** The largest number that paid so far. */
  proven: number;
  /** Replies per ms at `proven`; undefined until measured. */
  rate: number | undefined;
  /** The round that is being measured: since when, how many replies have come, how many it takes. */
  round: { startedAtMs: number; replies: number; quota: number };
  /** Replies to wait after a step that did not pay; doubled each time. */
  patience: number;
  slowestMs: number;
}

export interface PacingLimits {
  questionsInFlightMost: number;
  questionTimeoutMs: number;
}

const growth = 4;
/** A step pays when it gives a quarter more replies a second; below that it is noise. */
const worthwhile = 1.25;
/** So that the replies of steps that did not pay are less than 5 % and leave the 95th percentile of latency alone. */
const firstPatience = 100;
const longestPatience = 1_600;

export function startPacing(nowMs: number): Pacing {
  return {
    inFlight: 1,
    proven: 1,
    rate: undefined,
    round: { startedAtMs: nowMs, replies: 0, quota: 1 },
    patience: firstPatience,
    slowestMs: 0,
  };
}

/**
 * The pacing after one reply. `overloaded`: the server gave none for want of capacity; then the number is halved, once for all
 * that were in flight together.
 */
export function afterReply(
  pacing: Pacing,
  reply: { nowMs: number; latencyMs: number; overloaded: boolean },
  bounds: PacingLimits = limits,
): Pacing {
  if (reply.overloaded) return reply.nowMs - reply.latencyMs < pacing.round.startedAtMs ? pacing : halve(pacing, reply.nowMs);
  const slowestMs = Math.max(pacing.slowestMs, reply.latencyMs);
  const round = { ...pacing.round, replies: pacing.round.replies + 1 };
  const measured = { ...pacing, slowestMs, round };
  if (round.replies < round.quota) return measured;
  const rate = round.replies / Math.max(reply.nowMs - round.startedAtMs, 0.001);
  const probing = pacing.inFlight > pacing.proven;
  if (probing && rate < worthwhile * (pacing.rate ?? 0)) return goBack(measured, reply.nowMs);
  return step({ ...measured, proven: Math.min(pacing.inFlight, bounds.questionsInFlightMost), rate }, reply.nowMs, bounds);
}

/**
 * Tries more at once, but never so many that their last would miss half of a question's time, should the server only queue them:
 * then `factor` times as many wait `factor` times as long.
 */
function step(pacing: Pacing, nowMs: number, bounds: PacingLimits): Pacing {
  const factor = Math.min(growth, bounds.questionTimeoutMs / 2 / Math.max(pacing.slowestMs, 1));
  const inFlight = Math.max(pacing.proven, Math.min(Math.floor(pacing.proven * factor), bounds.questionsInFlightMost));
  return { ...pacing, inFlight, round: { startedAtMs: nowMs, replies: 0, quota: inFlight } };
}

function goBack(pacing: Pacing, nowMs: number): Pacing {
  const round = { startedAtMs: nowMs, replies: 0, quota: pacing.patience };
  return { ...pacing, inFlight: pacing.proven, round, patience: Math.min(pacing.patience * 2, longestPatience) };
}

function halve(pacing: Pacing, nowMs: number): Pacing {
  const inFlight = Math.max(1, Math.min(pacing.proven, Math.floor(pacing.inFlight / 2)));
  return { ...pacing, inFlight, proven: inFlight, round: { startedAtMs: nowMs, replies: 0, quota: firstPatience } };
}
