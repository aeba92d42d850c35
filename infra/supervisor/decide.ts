import { limits } from '../../domain/index.ts';

/** What the supervising process knows about a part between two looks. */
export interface Condition {
  phase: 'stopped' | 'running' | 'waiting' | 'stopping';
  /** When it entered the phase. */
  sinceMs: number;
  /** When a waiting part is started again. */
  startAtMs?: number;
  /** How often in a row it ended before it had settled. */
  endedEarly: number;
}

/** What to do, and how the part stands afterwards. */
export interface Decision {
  action: 'none' | 'start' | 'ended' | 'terminate' | 'kill';
  condition: Condition;
}

/**
 * Looks at one part: whether it is wanted as it is (`changed`: wanted, but otherwise than it runs) and whether its process
 * lives. A part that died starts again within 5 s, and not more often than once a second.
 */
export function decide(condition: Condition, wanted: 'yes' | 'changed' | 'no', alive: boolean, nowMs: number): Decision {
  switch (condition.phase) {
    case 'stopped':
      return wanted === 'no' ? { action: 'none', condition } : started(condition, nowMs);
    case 'waiting':
      if (wanted === 'no') return { action: 'none', condition: at('stopped', condition, nowMs) };
      return nowMs < (condition.startAtMs ?? 0) ? { action: 'none', condition } : started(condition, nowMs);
    case 'running':
      if (!alive) return ended(condition, wanted, nowMs);
      if (wanted === 'yes') return { action: 'none', condition: settled(condition, nowMs) };
      return { action: 'terminate', condition: at('stopping', condition, nowMs) };
    case 'stopping':
      // Its end was asked for: it does not count as a restart.
      if (!alive) return { action: 'none', condition: at('stopped', condition, nowMs) };
      return { action: nowMs - condition.sinceMs > limits.partStopGraceMs ? 'kill' : 'none', condition };
  }
}

function started(condition: Condition, nowMs: number): Decision {
  return { action: 'start', condition: at('running', condition, nowMs) };
}

function ended(condition: Condition, wanted: 'yes' | 'changed' | 'no', nowMs: number): Decision {
  if (wanted === 'no') return { action: 'ended', condition: at('stopped', condition, nowMs) };
  const early = nowMs - condition.sinceMs < limits.partSettledMs;
  const endedEarly = early ? condition.endedEarly + 1 : 0;
  const delayMs = Math.min(limits.partRestartMs * 2 ** Math.max(endedEarly - 1, 0), limits.partRestartMostMs);
  return { action: 'ended', condition: { phase: 'waiting', sinceMs: nowMs, startAtMs: nowMs + delayMs, endedEarly } };
}

function settled(condition: Condition, nowMs: number): Condition {
  return nowMs - condition.sinceMs < limits.partSettledMs ? condition : { ...condition, endedEarly: 0 };
}

function at(phase: Condition['phase'], condition: Condition, nowMs: number): Condition {
  return { phase, sinceMs: nowMs, endedEarly: condition.endedEarly };
}
