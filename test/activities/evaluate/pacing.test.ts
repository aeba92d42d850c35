import { describe, expect, test } from 'vitest';
import { afterReply, type Pacing, startPacing } from '../../../activities/evaluate/pacing.ts';
import { limits } from '../../../domain/index.ts';

/** Plays a server that works on `width` questions at once, each for `serviceMs`, and gives the pacing after `replies`. */
function play(replies: number, width: number, serviceMs: number, bounds = limits): { pacing: Pacing; most: number } {
  let pacing = startPacing(0);
  let [nowMs, most] = [0, 0];
  const started: number[] = [];
  const slots = Array.from({ length: width }, () => 0);
  const ends: number[] = [];
  for (let reply = 0; reply < replies; reply += 1) {
    while (started.length < pacing.inFlight) {
      const slot = slots.indexOf(Math.min(...slots));
      slots[slot] = Math.max(nowMs, slots[slot] as number) + serviceMs;
      started.push(nowMs);
      ends.push(slots[slot] as number);
    }
    most = Math.max(most, started.length);
    nowMs = ends.shift() as number;
    pacing = afterReply(pacing, { nowMs, latencyMs: nowMs - (started.shift() as number), overloaded: false }, bounds);
  }
  return { pacing, most };
}

describe('the in-flight limit', () => {
  test.each([
    { width: 1, serviceMs: 500, proven: 1 },
    { width: 4, serviceMs: 500, proven: 4 },
    { width: 16, serviceMs: 50, proven: 16 },
    { width: 1_000, serviceMs: 500, proven: 64 },
  ])('settles at $proven for a server that works on $width at once', ({ width, serviceMs, proven }) => {
    expect(play(240, width, serviceMs).pacing.proven).toBe(proven);
  });

  test('goes to the most within three rounds where that pays', () => {
    expect(play(1 + 4 + 16, 1_000, 500).pacing.inFlight).toBe(limits.questionsInFlightMost);
  });

  test('never queues more at a slow serial server than it can answer within half of a question’s time', () => {
    expect(play(20, 1, 20_000).most).toBe(3);
    expect(play(20, 1, 50_000).most).toBe(1);
  });

  test('is halved when the server is overloaded, once for all in flight, and raised again later', () => {
    const before = play(21 + 64, 1_000, 500).pacing;
    expect(before).toMatchObject({ inFlight: 64, proven: 64 });
    const nowMs = before.round.startedAtMs + 100;
    let pacing = before;
    for (let reply = 0; reply < 10; reply += 1) pacing = afterReply(pacing, { nowMs, latencyMs: 10, overloaded: true });
    expect(pacing.inFlight).toBe(32);
    for (let reply = 0; reply < 100; reply += 1) pacing = afterReply(pacing, { nowMs: nowMs + 500, latencyMs: 500, overloaded: false });
    expect(pacing.inFlight).toBe(64);
  });
});
