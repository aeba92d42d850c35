import { expect, it } from 'vitest';
import { endedUnheard, faultOf, type EndedTraining, type OutsideFacts } from '../../../activities/train/verdict.ts';

const nothing: OutsideFacts = { guardStopped: false, engineStartedMs: -1_000_000, engineEnds: true, signal: undefined, hostKilled: false, deviceProblem: undefined };

function ended({ outside, ...changes }: Partial<Omit<EndedTraining, 'outside'>> & { outside?: Partial<OutsideFacts> }): EndedTraining {
  const usual = { exitCode: 0, oomKilled: false, startedAtMs: 0, finishedAtMs: 50_000, deadlineMs: 60_000, budgetMs: 60_000, lives: 1, wroteBytes: 0, diskBytes: 1_000, lastLine: undefined, tail: [], decided: undefined };
  return { ...usual, ...changes, outside: { ...nothing, ...outside } };
}

function decided(reason: 'stalled' | 'disk-quota' | 'cancelled'): EndedTraining['decided'] {
  return { schema: 'reprise.life-end/v1', startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:50Z', reason, message: 'stopped' };
}

it.each<[string, Parameters<typeof ended>[0], string | undefined, unknown?]>([
  ['exit code 0 in time', {}, undefined],
  ['another exit code', { exitCode: 3, lastLine: 'boom' }, 'TRAIN_EXIT', 'the training ended with exit code 3; last line: boom'],
  ['a kill for memory', { exitCode: 137, oomKilled: true }, 'TRAIN_OUT_OF_MEMORY', 'the training was killed for memory (exit code 137)'],
  ['a write that its quota refused', { exitCode: 1, wroteBytes: 1_100, lastLine: 'Disk quota exceeded' }, 'TRAIN_DISK_QUOTA', 'the training wrote 1100 bytes, and its track gives 1000; last line: Disk quota exceeded'],
  ['a write that its quota refused and it got over', { wroteBytes: 1_100 }, undefined],
  ['a kill for memory that the training got over', { oomKilled: true }, undefined],
  ['the deadline', { exitCode: 137, finishedAtMs: 60_000 }, 'TRAIN_TIMEOUT', 'the training did not end within its budget of 60 s'],
  ['exit code 0 after the deadline', { finishedAtMs: 61_000 }, 'TRAIN_TIMEOUT'],
  ['a kill for memory after the deadline', { exitCode: 137, oomKilled: true, finishedAtMs: 61_000 }, 'TRAIN_TIMEOUT'],
  ['a kill by nobody that is known', { exitCode: 137 }, 'ENGINE_LOST_CONTAINER'],
  ['a kill in every life', { exitCode: 137, lives: 4 }, 'TRAIN_EXIT'],
  ['a kill for memory of the host', { exitCode: 137, outside: { hostKilled: true } }, 'HOST_OUT_OF_MEMORY'],
  ['its own limit before the host’s', { exitCode: 137, oomKilled: true, outside: { hostKilled: true } }, 'TRAIN_OUT_OF_MEMORY'],
  ['a signal through the engine', { exitCode: 143, outside: { signal: '15' } }, 'ENGINE_LOST_CONTAINER'],
  ['a signal that it took for a reason to end well', { outside: { signal: '15' } }, 'ENGINE_LOST_CONTAINER'],
  ['an engine that restarted and killed it', { exitCode: 137, outside: { engineStartedMs: 49_000 } }, 'ENGINE_LOST_CONTAINER'],
  ['an engine that killed it while it stopped', { exitCode: 143, outside: { engineStartedMs: 500_000 } }, 'ENGINE_LOST_CONTAINER'],
  ['exit code 0 beside the restart of an engine that ends its containers', { outside: { engineStartedMs: 49_000 } }, 'ENGINE_LOST_CONTAINER'],
  ['exit code 0 beside the restart of an engine that leaves them alone', { outside: { engineStartedMs: 49_000, engineEnds: false } }, undefined],
  ['an end of its own beside that', { exitCode: 3, outside: { engineStartedMs: 49_000, engineEnds: false } }, 'TRAIN_EXIT'],
  ['an end that such an engine does not know', { exitCode: 255, outside: { engineStartedMs: 49_000, engineEnds: false } }, 'ENGINE_LOST_CONTAINER'],
  ['an engine that restarted later', { outside: { engineStartedMs: 500_000 } }, undefined],
  ['an engine that restarted long before the end', { exitCode: 1, outside: { engineStartedMs: 10_000 } }, 'TRAIN_EXIT'],
  ['a guard of a deadline that has moved', { exitCode: 143, outside: { guardStopped: true } }, 'ENGINE_LOST_CONTAINER'],
  ['a guard whose clock began before the engine’s', { exitCode: 143, finishedAtMs: 59_000, outside: { guardStopped: true } }, 'TRAIN_TIMEOUT'],
  ['a guard at the deadline', { exitCode: 143, finishedAtMs: 60_100, outside: { guardStopped: true } }, 'TRAIN_TIMEOUT'],
  ['a device without memory', { exitCode: 1, tail: ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB', 'bye'] }, 'TRAIN_CUDA_OUT_OF_MEMORY'],
  ['a device that is lost', { exitCode: 1, outside: { deviceProblem: 'Xid 79' } }, 'GPU_LOST'],
  ['a log that only speaks of memory', { tail: ['CUDA out of memory'] }, undefined],
  ['a stall', { exitCode: 143, decided: decided('stalled'), outside: { signal: '15' } }, 'TRAIN_STALLED', 'stopped'],
  ['a cancellation', { exitCode: 143, decided: decided('cancelled'), outside: { signal: '15' } }, 'RUN_CANCELLED', 'stopped'],
  ['a full disk', { exitCode: 137, decided: decided('disk-quota') }, 'TRAIN_DISK_QUOTA', 'stopped'],
])('judges %s', (_, changes, code, message: unknown = expect.any(String)) => {
  expect(faultOf(ended(changes))).toEqual(code === undefined ? undefined : { code, message });
});

it.each([
  ['while the engine was away', 49_000, 50_000, true],
  ['while it came back', 54_000, 50_000, true],
  ['after it had come back', 56_000, 50_000, false],
  ['under the one that started it', 49_000, -1, false],
  ['under one that cannot be told', 49_000, undefined, false],
])('tells whether the end of a training that ended %s was heard', (_, finishedAtMs, engineStartedMs, unheard) => {
  expect(endedUnheard({ startedAtMs: 0, finishedAtMs, engineStartedMs })).toBe(unheard);
});
