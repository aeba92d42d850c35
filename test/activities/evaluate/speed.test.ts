import { describe, expect, test } from 'vitest';
import { speedOf } from '../../../activities/evaluate/speed.ts';
import type { Answer } from '../../../domain/index.ts';

const answered = (latencyMs: number, tokens?: number): Answer => ({ status: 'answered', id: 'x', text: 'x', latencyMs, attempts: 1, ...(tokens === undefined ? {} : { tokens }) });
const unanswered: Answer = { status: 'unanswered', id: 'x' };

describe('the speed of a stage', () => {
  test('is the nearest rank of the answered questions', () => {
    const answers = Array.from({ length: 100 }, (_, index) => answered(index + 1));
    expect(speedOf('open', [...answers, unanswered], 7)).toEqual({ latencyMs: { p50: 50, p95: 95 }, tokensPerSecond: null, firstAnswerMs: 7 });
    expect(speedOf('open', [answered(7)], null).latencyMs).toEqual({ p50: 7, p95: 7 });
  });

  test('is null where nothing was answered', () => {
    expect(speedOf('open', [{ status: 'failed', id: 'x', reason: 'timeout', attempts: 3 }], null)).toEqual({ latencyMs: null, tokensPerSecond: null, firstAnswerMs: null });
  });

  test('counts tokens over the time of those answers that count them', () => {
    expect(speedOf('open', [answered(500, 10), answered(1_500, 10), answered(60_000)], null).tokensPerSecond).toBe(10);
  });

  test('of the closed stage is not told', () => {
    expect(speedOf('closed', [answered(500, 20)], 1)).toEqual({ latencyMs: null, tokensPerSecond: null, firstAnswerMs: null });
  });
});
