import { describe, expect, it } from 'vitest';
import { limits } from '../../domain/index.ts';
import { decide, type Condition } from '../../infra/supervisor/decide.ts';

const running: Condition = { phase: 'running', sinceMs: 0, endedEarly: 0 };

describe('the supervising process', () => {
  it.each([
    ['starts a part that is wanted', { ...running, phase: 'stopped' }, 'yes', false, 'start', 'running'],
    ['leaves a part alone that nobody wants', { ...running, phase: 'stopped' }, 'no', false, 'none', 'stopped'],
    ['leaves a running part alone', running, 'yes', true, 'none', 'running'],
    ['notes the end of a part and waits before its next start', running, 'yes', false, 'ended', 'waiting'],
    ['asks a part to end that is not wanted any more', running, 'no', true, 'terminate', 'stopping'],
    ['asks a part to end that is wanted otherwise', running, 'changed', true, 'terminate', 'stopping'],
    ['waits for a part that was asked to end', { ...running, phase: 'stopping' }, 'no', true, 'none', 'stopping'],
    ['does not count an end that was asked for', { ...running, phase: 'stopping' }, 'yes', false, 'none', 'stopped'],
    ['forgets a part that died and is not wanted any more', { ...running, phase: 'waiting', startAtMs: 9_000 }, 'no', false, 'none', 'stopped'],
  ] as const)('%s', (_what, condition, wanted, alive, action, phase) => {
    const decision = decide(condition as Condition, wanted, alive, 1_000);
    expect([decision.action, decision.condition.phase]).toEqual([action, phase]);
  });

  it('kills a part that does not end when asked', () => {
    const stopping: Condition = { phase: 'stopping', sinceMs: 0, endedEarly: 0 };
    expect(decide(stopping, 'no', true, limits.partStopGraceMs + 1).action).toBe('kill');
  });

  it('has a part that died back within 5 s, and starts none more often than once a second', () => {
    let condition: Condition = { phase: 'stopped', sinceMs: 0, endedEarly: 0 };
    const startsMs: number[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs += 250) {
      // It dies before every look.
      const decision = decide(condition, 'yes', false, nowMs);
      condition = decision.condition;
      if (decision.action === 'start') startsMs.push(nowMs);
    }
    const gapsMs = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...gapsMs)).toBeLessThan(5_000);
  });

  it('is as quick as ever with a part that has settled in between', () => {
    const worn: Condition = { phase: 'running', sinceMs: 0, endedEarly: 5 };
    const settled = decide(worn, 'yes', true, limits.partSettledMs + 1).condition;
    const { condition } = decide(settled, 'yes', false, limits.partSettledMs + 2);
    expect((condition.startAtMs ?? 0) - condition.sinceMs).toBe(limits.partRestartMs);
  });
});
