import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getTree } from '../../../../activities/io/trees.ts';
import { createTrainActivities } from '../../../../activities/train/index.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const bench = trainingBench({ HF_TOKEN: 'not-a-real-token' });
const { built, cleanUp, dependencies, docker, inspected, newContext, store, storedLines, thatRuns, train } = bench;

beforeAll(() => ensureBusybox(docker));
afterAll(() => bench.takeDown(), 60_000);

describe('a training that fails', { timeout: 60_000 }, () => {
  it.each([
    ['train-exits-1', 'TRAIN_EXIT', 'the training ended with exit code 1; last line: the data set is empty'],
    ['train-out-of-memory', 'TRAIN_OUT_OF_MEMORY', 'the training was killed for memory (exit code 137)'],
    ['train-out-of-time', 'TRAIN_TIMEOUT', /^the training did not end within its budget of 3 s; last line: step \d$/],
    ['train-writes-nothing', 'TRAIN_OUTPUT_MISSING', 'the training ended with exit code 0 and left nothing in /output'],
    ['train-without-command', 'TRAIN_EXIT', /exit code 127; last line: .*no-such-program/],
  ])('%s is told as %s', async (name, code, message) => {
    const context = newContext(name);
    const failed = train(await built(name), context, { limits: { memoryBytes: 64 * 1024 ** 2 } });
    await expect(failed).rejects.toMatchObject({ type: code, message: typeof message === 'string' ? message : expect.stringMatching(message) });
  });

  it('is an outcome of the activity, with the key of its log', async () => {
    const input = await built('train-exits-1');
    const run = newContext('outcome').run;
    const outcome = await new MockActivityEnvironment().run(createTrainActivities(dependencies).train, { run, workflowId: 'test', fresh: true, ...input });
    expect(outcome).toMatchObject({ status: 'failed', code: 'TRAIN_EXIT', fault: 'submission', logKey: expect.stringContaining('cas/') });
    const { logKey = '' } = outcome as { logKey?: string };
    expect(Buffer.from((await store.get(logKey)) ?? []).toString()).toMatch(/^\S+Z loading the data\n\S+Z the data set is empty\n$/);
  });

  it('asks for a secret by name that the worker does not have', async () => {
    const failed = train(await thatRuns('true', { secrets: ['WANDB_KEY'] }), newContext('secret'));
    await expect(failed).rejects.toMatchObject({ type: 'SECRET_MISSING', message: expect.stringContaining('WANDB_KEY') });
  });

  it('is a platform fault where the image is gone', async () => {
    const { submission } = await thatRuns('true');
    const image = { role: 'train', id: `sha256:${'0'.repeat(64)}`, sizeBytes: 0 } as const;
    await expect(train({ submission, image }, newContext('gone'))).rejects.toMatchObject({ type: 'IMAGE_GONE' });
  });

  it.each([
    ['a link out of it', 'ln -s /etc/passwd /output/model', 'OUTPUT_UNSAFE'],
    ['a named pipe', 'mkfifo /output/model', 'OUTPUT_UNSAFE'],
    ['only empty files', 'touch /output/model', 'TRAIN_OUTPUT_MISSING'],
  ])('leaves %s in its output directory', async (_, script, code) => {
    await expect(train(await thatRuns(script), newContext('output'))).rejects.toMatchObject({ type: code });
  });
});

describe('a training that ends well', { timeout: 60_000 }, () => {
  const script = 'echo "token $HF_TOKEN"; mkdir $OUTPUT_DIR/layers; echo weights > $OUTPUT_DIR/layers/0; echo state > $CHECKPOINT_DIR/1; echo saved';

  it('keeps its output and its log, whatever user its image has', async () => {
    const context = newContext('good');
    const { result } = await train(await thatRuns(script, { secrets: ['HF_TOKEN'] }, 'nobody'), context);
    const tree = await getTree(store, result.output);
    expect(tree.entries.map(({ path }) => path)).toEqual(['layers', 'layers/0']);
    expect(result.artifacts.map(({ path }) => path)).toEqual(['model/tree.json', 'logs/train.log']);
    expect(result.durationMs).toBe(Math.max(Date.parse(result.endedAt) - Date.parse(result.startedAt), 0)); // Under load the engine stamps the start last.
    expect(await storedLines(context.run)).toContain('saved');
  });

  it('never shows a secret in its log, nor its result a second time from another computation', async () => {
    const { run } = newContext('cached');
    const input = { run, workflowId: 'test', fresh: false, ...(await thatRuns(script, { secrets: ['HF_TOKEN'] })) };
    const { train: activity } = createTrainActivities(dependencies);
    const first = await new MockActivityEnvironment().run(activity, input);
    const again = await new MockActivityEnvironment().run(activity, { ...input, run: newContext('cached').run });
    expect(first).toMatchObject({ status: 'completed', cached: false });
    const { cost, ...kept } = first as { cost?: object };
    expect(again).toEqual({ ...kept, cached: true });
    expect(cost).toMatchObject({ wallMs: expect.any(Number), storedBytes: expect.any(Number) });
    const { logKey = '' } = first as { logKey?: string };
    const log = Buffer.from((await store.get(logKey)) ?? []).toString();
    expect(log).toContain('token [redacted:HF_TOKEN]');
    expect(log).not.toContain('not-a-real-token');
  });

  it('runs confined, and its image decides neither labels nor health checks', async () => {
    const context = newContext('confined');
    await train(await thatRuns('id -u; cat /proc/self/status; echo x > /output/x'), context);
    const { HostConfig, Config } = await inspected(context.run);
    expect(Config.Labels).toMatchObject({ 'reprise.run': context.run, 'reprise.stage': 'train' });
    expect(Config.Healthcheck?.Test).toEqual(['NONE']);
    expect(HostConfig).toMatchObject({ NetworkMode: 'none', CapDrop: ['ALL'], PidsLimit: 2048, RestartPolicy: { Name: 'no' }, Init: true });
    const lines = await storedLines(context.run);
    expect(lines).toContain('CapEff:\t0000000000000000');
    expect(lines).toContain('NoNewPrivs:\t1');
  });

  it('leaves nothing in the engine after the clean-up, which may be repeated', async () => {
    const context = newContext('clean');
    await train(await thatRuns('echo x > /output/x; echo y > /scratch/y'), context);
    const { Mounts } = await inspected(context.run);
    expect(Mounts.map(({ Destination }) => Destination).sort()).toEqual(['/checkpoints', '/output', '/scratch']);
    await cleanUp({ run: context.run });
    await cleanUp({ run: context.run });
    await expect(inspected(context.run)).rejects.toMatchObject({ statusCode: 404 });
    for (const { Name = '' } of Mounts) await expect(docker.getVolume(Name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});
