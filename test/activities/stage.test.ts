import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.ts';
import { failure } from '../../activities/failure.ts';
import { enterUse } from '../../activities/io/metering.ts';
import { runStage, type CacheIdentity, type StageContext } from '../../activities/stage.ts';
import type { StageOutcome } from '../../domain/index.ts';
import type { StageRun } from '../../workflows/contract.ts';
import { memoryStore } from '../fakes/memory-store.ts';

let dependencies: Dependencies;
let computed: number;

beforeEach(() => {
  computed = 0;
  const parts = { store: memoryStore(), logger: pino({ level: 'silent' }), signalProgress: async () => undefined, settings: { secrets: {} } };
  dependencies = parts as unknown as Dependencies;
});

async function count(): Promise<{ result: number }> {
  computed += 1;
  return { result: computed };
}

async function unidentified(): Promise<CacheIdentity<number>> {
  throw failure('SOURCE_NOT_FOUND', 'gone');
}

function stage(
  cache: CacheIdentity<number> | undefined | (() => Promise<CacheIdentity<number>>),
  fresh = false,
  compute?: (context: StageContext) => Promise<{ result: number }>,
  environment = new MockActivityEnvironment(),
  given: Pick<StageRun, 'spent'> = {},
) {
  return environment.run(() => runStage<number>(dependencies, { run: 'r', workflowId: 'w', fresh, ...given }, 'pin', cache, compute ?? count));
}

const identity: CacheIdentity<number> = { version: 1, inputs: { a: 1 } };

/** Ends with an AbortError, as timers and sockets do. */
async function aborted({ signal }: StageContext): Promise<never> {
  await sleep(10_000, undefined, { signal });
  throw new Error('it was never aborted');
}

async function failing(context: StageContext): Promise<never> {
  return aborted(context).catch(() => Promise.reject(failure('TRAIN_EXIT', 'it ended')));
}

describe('the cache of a stage', () => {
  it('gives the stored result for the same inputs, and computes others', async () => {
    expect(await stage(identity)).toEqual({ status: 'completed', cached: false, result: 1, cost: expect.objectContaining({ storedBytes: 0, queuedMs: 0 }) });
    expect(await stage(identity)).toEqual({ status: 'completed', cached: true, result: 1 });
    expect(await stage(async () => ({ ...identity, version: 2 }))).toMatchObject({ cached: false, result: 2 });
    expect(await stage(undefined)).toMatchObject({ cached: false, result: 3 });
  });

  it('is ignored by `fresh`, whose result takes its place', async () => {
    await stage(identity);
    expect(await stage(identity, true)).toMatchObject({ cached: false, result: 2 });
    expect(await stage(identity)).toMatchObject({ cached: true, result: 2 });
  });

  it('leaves out what is no longer valid, and gives what was computed instead', async () => {
    await stage(identity);
    const onlyTwo = { ...identity, stillValid: async (result: number) => result === 2 };
    expect(await stage(onlyTwo)).toMatchObject({ cached: false, result: 2 });
    expect(await stage(onlyTwo)).toMatchObject({ cached: true, result: 2 });
  });

  it('gives an older result where only the newest is no longer valid', async () => {
    await stage(identity);
    await stage(identity, true);
    expect(await stage({ ...identity, stillValid: async (result) => result === 1 })).toMatchObject({ cached: true, result: 1 });
  });

  it('tells a failure of what identifies the inputs as one of the stage', async () => {
    expect(await stage(unidentified)).toMatchObject({ status: 'failed', code: 'SOURCE_NOT_FOUND' });
  });
});

describe('a stage that is given up', () => {
  it('ends with the cancellation, whatever the abort made it throw', async () => {
    const environment = new MockActivityEnvironment();
    const running = stage(identity, false, aborted, environment).catch((error: unknown) => error);
    environment.cancel();
    expect(await running).toBeInstanceOf(CancelledFailure);
  });

  it('tells with the cancellation what all its attempts have cost', async () => {
    const spent = { wallMs: 60_000, queuedMs: 0, storedBytes: 10, movedBytes: 20, uses: { first: { gpuMs: 9_000 } } };
    const environment = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: { stage: 'pin', message: '', spent } });
    const running = stage(undefined, false, async (context) => (enterUse('second', { gpuMs: 4_000 }), aborted(context)), environment).catch((error: unknown) => error);
    environment.cancel();
    expect(await running).toMatchObject({ details: [{ cost: { gpuSeconds: 13, storedBytes: 10, movedBytes: 20 } }] });
  });

  it('ends with its own failure where it has one', async () => {
    const environment = new MockActivityEnvironment();
    const running = stage(identity, false, failing, environment);
    environment.cancel();
    expect(await running).toMatchObject({ status: 'failed', code: 'TRAIN_EXIT' });
  });
});

describe('the cost of a stage', () => {
  it('is that of all its attempts, each life of a container counted once', async () => {
    const spent = { wallMs: 60_000, queuedMs: 2_000, storedBytes: 10, movedBytes: 20, uses: { first: { cpuMs: 5_000, gpuMs: 9_000 }, second: { cpuMs: 1_000, gpuMs: 1_000 } } };
    const environment = new MockActivityEnvironment({ attempt: 3, heartbeatDetails: { stage: 'pin', message: '', spent } });
    const beats: { spent?: unknown }[] = [];
    environment.on('heartbeat', (details: { spent?: unknown }) => beats.push(details));
    const outcome = (await stage(undefined, false, async () => {
      enterUse('second', { cpuMs: 3_000, gpuMs: 4_000 });
      throw failure('TRAIN_EXIT', 'it ended');
    }, environment)) as StageOutcome<number>;
    expect(outcome).toMatchObject({ status: 'failed', cost: { queuedMs: 2_000, storedBytes: 10, movedBytes: 20, cpuSeconds: 8, gpuSeconds: 13 } });
    expect(outcome.status === 'failed' && outcome.cost?.wallMs).toBeGreaterThanOrEqual(60_000);
    expect(beats[0]).toMatchObject({ spent: { storedBytes: 10, uses: { first: { gpuMs: 9_000 } } } });
  });

  const before = { wallMs: 50_000, queuedMs: 1_000, storedBytes: 7, movedBytes: 8, uses: { first: { gpuMs: 9_000 } } };
  const later = { ...before, storedBytes: 9 };
  it.each([
    ['what was spent before a move counts', {}, 7],
    ['what an attempt after the move told includes it', { attempt: 2, heartbeatDetails: { stage: 'pin', message: '', spent: later } }, 9],
  ])('%s', async (_, info, storedBytes) => {
    const outcome = (await stage(undefined, false, async () => ({ result: 1 }), new MockActivityEnvironment(info), { spent: before })) as StageOutcome<number>;
    expect(outcome).toMatchObject({ status: 'completed', cost: { storedBytes, gpuSeconds: 9 } });
  });

  it('goes with a platform fault, which may be the last', async () => {
    const thrown = stage(undefined, false, async () => {
      throw failure('ENGINE_UNREACHABLE', 'no engine', { logKey: 'a-log' });
    }, new MockActivityEnvironment(), { spent: before });
    await expect(thrown).rejects.toMatchObject({ type: 'ENGINE_UNREACHABLE', nonRetryable: false, details: [{ logKey: 'a-log', cost: { gpuSeconds: 9 } }] });
  });
});
