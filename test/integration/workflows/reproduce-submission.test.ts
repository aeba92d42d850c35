import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { failures, type Run, type StageName, type StageOutcome, type StageProgress } from '../../../domain/index.ts';
import { stageProgressSignal, type Activities, type AttestInput, type RouteInput } from '../../../workflows/contract.ts';
import { completed, fakeActivities, submission } from '../../fakes/activities.ts';
import { withFakeWorker } from '../../fakes/worker.ts';

const request = { source: { kind: 'directory', path: 'examples/addition' }, suite: { kind: 'directory', path: 'suite' }, fresh: false } as const;
const workflowsPath = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url));

function failed(code: string, fault: 'submission' | 'platform' | 'operator'): StageOutcome<never> {
  return { status: 'failed', code, fault, message: 'it went wrong', nextStep: 'Mend it.' };
}

function statuses(run: Run): Partial<Record<StageName, string>> {
  return Object.fromEntries(run.stages.map(({ name, status }) => [name, status]));
}

/** Beats, so that it hears of it. */
async function untilCancelled(): Promise<never> {
  const beat = setInterval(() => Context.current().heartbeat(), 100);
  return Context.current().cancelled.finally(() => clearInterval(beat));
}

async function reproduce(activities: Partial<Activities>): Promise<Run> {
  return withFakeWorker(workflowsPath, fakeActivities(activities), async ({ start }) => (await (await start(request)).result()) as Run);
}

describe('a reproduction', () => {
  it('goes through all stages and ends with the score', async () => {
    const run = await reproduce({});
    expect(run).toMatchObject({ status: 'completed', name: 'addition', score: { open: 0.75, closed: 0.5 }, manifestKey: 'runs/x/manifest.json' });
    expect(new Set(Object.values(statuses(run)))).toEqual(new Set(['completed']));
  });

  it('skips what follows a failed stage, says why, and attests what it came to', async () => {
    let attested: AttestInput | undefined;
    const run = await reproduce({
      build: async () => failed('BUILD_STEP_FAILED', 'submission'),
      attest: async (input) => ((attested = input), fakeActivities().attest(input)),
    });
    expect(run.status).toBe('failed');
    expect(statuses(run)).toMatchObject({ pin: 'completed', build: 'failed', train: 'skipped', score: 'skipped', attest: 'completed' });
    expect(run.stages.find(({ name }) => name === 'build')?.outcome).toMatchObject({ code: 'BUILD_STEP_FAILED', nextStep: 'Mend it.' });
    expect(attested?.stages.map(({ name }) => name)).toEqual(['intake', 'scan-source', 'pin', 'build']);
  });

  it('goes on where a scan failed, and keeps the gate of publication closed', async () => {
    let scans: AttestInput['scans'] = [];
    const run = await reproduce({
      scanSource: async () => failed('STORE_CORRUPT', 'platform'),
      attest: async (input) => ((scans = input.scans), fakeActivities().attest(input)),
    });
    expect(run.status).toBe('completed');
    expect(scans).toContainEqual({ stage: 'scan-source', complete: false, blocking: 0 });
  });

  it('hands what the operator accepts to the attestation', async () => {
    const accept = [{ fingerprint: 'ab'.repeat(8), reason: 'a key of the test server', by: 'op@host', at: '2026-01-01T00:00:00.000Z' }];
    let attested: AttestInput | undefined;
    const activities = fakeActivities({ attest: async (input) => ((attested = input), fakeActivities().attest(input)) });
    await withFakeWorker(workflowsPath, activities, async ({ start }) => (await start({ ...request, accept })).result());
    expect(attested?.accept).toEqual(accept);
  });

  describe('with secrets', () => {
    const secrets = { handle: '0'.repeat(32), names: ['HF_TOKEN'], queue: 'reprise-host-test' };

    async function done(replaced: Partial<Activities>): Promise<{ asked: string[]; run: Run | undefined }> {
      const asked: string[] = [];
      const noted = Object.entries(fakeActivities(replaced)).map(([name, activity]) => {
        const noting = (input: { secrets?: object }): unknown => {
          const { taskQueue } = Context.current().info;
          asked.push(`${name} on ${taskQueue} ${input.secrets === undefined ? 'without' : 'with'} secrets`);
          return (activity as (given: object) => unknown)(input);
        };
        return [name, noting];
      });
      const run = await withFakeWorker(workflowsPath, Object.fromEntries(noted) as Activities, async ({ start }) => (await start({ ...request, secrets })).result().catch(() => undefined) as Promise<Run | undefined>);
      return { asked, run };
    }

    it('stays on the machine that has their values, and forgets them in the end', async () => {
      const { asked, run } = await done({});
      expect(run?.status).toBe('completed');
      expect(asked.filter((each) => !/ on reprise-(host|cpu)-test with secrets$/.test(each))).toEqual([]);
      expect(asked.at(-1)).toBe('cleanUp on reprise-host-test with secrets');
    });

    it('forgets them where the submission was not taken in', async () => {
      const { asked } = await done({ intake: async () => failed('MANIFEST_INVALID', 'submission') });
      expect(asked).toEqual(['intake on reprise-host-test with secrets', 'cleanUp on reprise-host-test with secrets']);
    });

    it('keeps the gate closed where they were masked in what it wrote or answered', async () => {
      let scans: AttestInput['scans'] = [];
      await done({
        train: async (input) => ({ ...(await fakeActivities().train(input)), result: { ...((await fakeActivities().train(input)) as { result: object }).result, scan: { complete: true, blocking: 2 } } }) as never,
        attest: async (input) => ((scans = input.scans), fakeActivities().attest(input)),
      });
      expect(scans).toContainEqual({ stage: 'train', complete: true, blocking: 2 });
    });
  });

  it('tries a platform fault again without the submission seeing it', async () => {
    let attempts = 0;
    const run = await reproduce({
      train: async (input) => {
        if (++attempts < 3) throw ApplicationFailure.create({ type: 'ENGINE_UNREACHABLE', message: 'no engine' });
        return fakeActivities().train(input);
      },
    });
    expect(attempts).toBe(3);
    expect(run.status).toBe('completed');
  });

  it('says a platform fault that does not pass, and does not charge it to the submission', async () => {
    const run = await reproduce({
      pin: async () => {
        throw ApplicationFailure.create({ type: 'STORE_CORRUPT', message: 'an object is gone', nonRetryable: true });
      },
    });
    expect(run.stages.find(({ name }) => name === 'pin')?.outcome).toMatchObject({ code: 'STORE_CORRUPT', fault: 'platform', message: 'an object is gone' });
  });

  it.each([
    ['no training image', { build: async () => completed({ images: [{ role: 'serve' as const, id: 'sha256:1', sizeBytes: 1 }] }) }, { train: 'skipped', 'scan-outputs': 'skipped' }],
    [
      'no closed stage',
      {
        intake: async () =>
          completed({ submission, suite: 'a'.repeat(64), suiteStages: ['open'], queues: { host: 'reprise-host-test', train: 'reprise-cpu-test' } }) as never,
      },
      { 'evaluate-open': 'completed', 'evaluate-closed': 'skipped' },
    ],
  ])('comes to a score with %s', async (_what, activities: Partial<Activities>, expected) => {
    const run = await reproduce(activities);
    expect(statuses(run)).toMatchObject({ ...expected, score: 'completed' });
  });

  it('fails at once, with the reason, where the request is of no use', async () => {
    const error = await reproduce({ intake: async () => failed('REQUEST_INVALID', 'operator') }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'REQUEST_INVALID', message: 'it went wrong Next: Mend it.' });
  });

  const cost = { wallMs: 61_000, queuedMs: 500, storedBytes: 10, movedBytes: 20, gpuSeconds: 59 };
  it.each<[string, Activities['train'], object]>([
    ['failed', async () => ({ ...failed('TRAIN_TIMEOUT', 'submission'), cost }) as never, { code: 'TRAIN_TIMEOUT' }],
    ['was given up for a platform fault', async () => Promise.reject(ApplicationFailure.create({ type: 'STORE_CORRUPT', message: 'gone', nonRetryable: true, details: [{ cost }] })), { code: 'STORE_CORRUPT' }],
  ])('tells what a stage cost that %s, and attests it', async (_what, train, outcome) => {
    let attested: AttestInput | undefined;
    const run = await reproduce({ train, attest: async (input) => ((attested = input), fakeActivities().attest(input)) });
    expect(run.stages.find(({ name }) => name === 'train')).toMatchObject({ status: 'failed', outcome, cost });
    expect(attested?.stages.find(({ name }) => name === 'train')).toMatchObject({ cost });
  });

  const told: StageProgress = { stage: 'train', message: '', at: submission.asOf.date, cost };
  it.each<[string, Activities['train'], boolean]>([
    ['its attempt stops it', async () => untilCancelled().catch((error: Error) => Promise.reject(new CancelledFailure(error.message, [{ cost }]))), false],
    ['its attempt is not heard of any more', async () => (Context.current().heartbeat(told), sleep(20_000, undefined as never)), false],
    ['no attempt is under way, from what was signalled', async () => Promise.reject(ApplicationFailure.create({ type: 'ENGINE_UNREACHABLE', message: 'no engine', nextRetryDelay: '1 minute' })), true],
  ])('tells what a cancelled training has cost where %s', async (_what, train, signals) => {
    await withFakeWorker(workflowsPath, fakeActivities({ train }), async ({ start, query }) => {
      const handle = await start(request);
      await query(handle, (run) => statuses(run).train === 'running');
      if (signals) await handle.signal(stageProgressSignal, told);
      await sleep(1_000);
      await handle.cancel();
      await handle.result().catch(() => undefined);
      const run = await query(handle, ({ status }) => status === 'cancelled');
      expect(run.stages.find(({ name }) => name === 'train')).toMatchObject({ cost });
    });
  });

  it('stops the training when it is cancelled, cleans up, and says cancelled', async () => {
    const cleaned: string[] = [];
    const activities = fakeActivities({
      train: untilCancelled,
      cleanUp: async ({ run }) => void cleaned.push(run),
    });
    await withFakeWorker(workflowsPath, activities, async ({ start, query }) => {
      const handle = await start(request);
      await query(handle, (run) => statuses(run).train === 'running');
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
      const run = await query(handle, () => true);
      expect(run.status).toBe('cancelled');
      expect(statuses(run)).toMatchObject({ build: 'completed', train: 'cancelled', score: 'waiting' });
      const { fault, nextStep } = failures.RUN_CANCELLED;
      expect(run.stages.find(({ name }) => name === 'train')?.outcome).toMatchObject({ code: 'RUN_CANCELLED', fault, nextStep });
      expect(cleaned).toEqual([run.run]);
    });
  });

  it('moves as a whole where no worker takes the work of its host, and waits where that is only busy', async () => {
    const gone = { host: 'reprise-host-gone', train: 'reprise-cpu-gone' };
    const intake: Activities['intake'] = async () => completed({ submission, suite: 'a'.repeat(64), suiteStages: ['open'] as const, queues: gone }) as never;
    const asked: RouteInput[] = [];
    let busy = true;
    const route: Activities['route'] = async (input) => {
      asked.push(input);
      // Nobody takes it the first time either, and its host has workers.
      if (busy) return ((busy = false), { queues: input.queues, isGone: false });
      return { queues: { host: 'reprise-host-test', train: 'reprise-cpu-test' }, isGone: true };
    };
    const run = await reproduce({ intake, route });
    expect(run.status).toBe('completed');
    expect(asked).toMatchObject([{ queues: gone, images: [] }, { queues: gone, images: [] }]);
  });
});
