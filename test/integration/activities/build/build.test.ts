import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages, createBuildActivities } from '../../../../activities/build/index.ts';
import { getBlob } from '../../../../activities/io/blobs.ts';
import { withStageLog } from '../../../../activities/logs/index.ts';
import type { BuildResult } from '../../../../workflows/contract.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName, stageContext, type TestContext } from '../../../fixtures/engine.ts';
import { takenSubmission, writtenSubmission, type TakenSubmission } from '../../../fixtures/submissions.ts';

const dependencies = engineDependencies();
const { docker, store } = dependencies;
/** Images that no other test file makes; those of test/submissions stay. */
const built = new Set<string>();

beforeAll(() => ensureBusybox(docker));
afterAll(async () => {
  for (const id of built) await docker.getImage(id).remove({ force: true });
});

async function build(taken: TakenSubmission, context = stageContext(runName('build'), 'build'), timeoutMs?: number) {
  return withStageLog(dependencies, context, (line) => line, async (log) => {
    const { result } = await buildImages(dependencies, { ...taken, fresh: false }, context, log, timeoutMs);
    return result;
  });
}

async function stepContainers(): Promise<string[]> {
  const running = await docker.listContainers({ filters: { ancestor: [busyboxImage] } });
  return running.filter(({ Command }) => Command.includes('sleep 4711')).map(({ Id }) => Id);
}

async function untilStepRuns(): Promise<void> {
  await expect.poll(stepContainers, { timeout: 20_000 }).toHaveLength(1);
}

describe('a build', { timeout: 60_000 }, () => {
  it('makes an image for each role, names it by its id and keeps the log', async () => {
    const taken = await takenSubmission(store, 'train-exits-1', busyboxImage);
    const context = stageContext(runName('build'), 'build');
    const { images, artifacts } = await build(taken, context);
    expect(images.map(({ role }) => role)).toEqual(['serve', 'train']);
    const { RepoTags } = await docker.getImage(images[1]?.id ?? '').inspect();
    expect(RepoTags).toContain(`reprise/train:${images[1]?.id.slice(7, 19)}`);
    expect(images[0]?.sizeBytes).toBeGreaterThan(1_000_000);
    const log = Buffer.from(await getBlob(store, artifacts[0]?.sha256 ?? '')).toString();
    expect(log).toContain('Step 2/2 : CMD');
    expect(context.reports).toContainEqual(expect.objectContaining({ done: 2, total: 2 }));
  });

  it('gives the same image for the same inputs', async () => {
    const taken = await takenSubmission(store, 'train-exits-1', busyboxImage);
    expect((await build(taken)).images).toEqual((await build(taken)).images);
  });

  it('is not taken from the cache where the engine has lost its image', async () => {
    const activity = createBuildActivities(dependencies).build;
    const taken = await writtenSubmission(store, `FROM ${busyboxImage}\nRUN echo ${runName('lost')} > /x\n`, { a: 'b' });
    const run = (): Promise<unknown> => new MockActivityEnvironment().run(activity, { run: runName('lost'), workflowId: 'test', fresh: false, ...taken });
    const first = (await run()) as { result: BuildResult };
    expect(first).toMatchObject({ status: 'completed', cached: false });
    expect(await run()).toMatchObject({ status: 'completed', cached: true, result: first.result });
    await docker.getImage(first.result.images[0]?.id ?? '').remove({ force: true });
    const again = (await run()) as { result: BuildResult };
    expect(again).toMatchObject({ status: 'completed', cached: false });
    expect(await run()).toMatchObject({ status: 'completed', cached: true, result: again.result });
    built.add(again.result.images[0]?.id ?? '');
  });

  it('adds the CA bundle and the pinned Dockerfile whatever .dockerignore says', async () => {
    const caBundle = new URL(import.meta.url).pathname;
    const ours = { ...dependencies, settings: { ...dependencies.settings, caBundle } };
    const taken = await writtenSubmission(store, `FROM ${busyboxImage}\nCOPY .reprise/ca.pem /ca.pem\nCOPY kept.txt /\nRUN test -s /ca.pem\n`, {
      '.dockerignore': '*\n!kept.txt\n',
      'kept.txt': 'kept',
      'secret.env': 'left out',
    });
    const context = stageContext(runName('build'), 'build');
    const { result } = await withStageLog(ours, context, (line) => line, (log) => buildImages(ours, { ...taken, fresh: false }, context, log));
    built.add(result.images[0]?.id ?? '');
    expect(result.images).toHaveLength(1);
  });

  it('runs here-documents, and tells their line where one fails', async () => {
    const documents = `FROM ${busyboxImage}\nARG A=1\nRUN <<EOF\ntest "$A" = 1\necho "two  words" > /x\nEOF\nRUN cat <<-"END" > /y && cat /x /y\n\tb $A\n\tEND\nRUN <<EOF\n#!/bin/sh\ntest "$(cat /y)" = 'b $A' && test "$(cat /x)" = "two  words"\nEOF\n`;
    const { images } = await build(await writtenSubmission(store, documents));
    built.add(images[0]?.id ?? '');
    await expect(build(await writtenSubmission(store, `${documents}RUN <<EOF\nexit 3\nEOF\n`))).rejects.toMatchObject({ type: 'BUILD_STEP_FAILED', message: expect.stringContaining('exit code 3') });
  });

  it('leaves neither its Dockerfile nor ignored files in the image', async () => {
    const taken = await writtenSubmission(store, `FROM ${busyboxImage}\nCOPY . /all\nRUN ls -a /all /all/.reprise > /listing; test ! -e /all/.reprise/Dockerfile && test ! -e /all/.dockerignore\n`, {
      'train.py': 'print()',
    });
    const { images } = await build(taken);
    built.add(images[0]?.id ?? '');
    expect(images).toHaveLength(1);
  });

  it.each([
    ['build-step-fails', 'BUILD_STEP_FAILED', 'Dockerfile.train line 6: `RUN echo "$STEP: missing header" && exit 3` failed: exit code 3, last output: compile:   missing header'],
    ['build-copy-missing', 'BUILD_COPY_MISSING', 'Dockerfile.train line 3: `COPY train.py data.csv ./` failed: data.csv is not in the build context, or .dockerignore excludes it'],
  ])('%s is told as %s with its line', async (name, code, message) => {
    const taken = await takenSubmission(store, name, busyboxImage);
    await expect(build(taken)).rejects.toMatchObject({ type: code, message, details: [{ logKey: expect.stringContaining('cas/sha256/') }] });
  });

  it.each([
    ['a base image that nobody has', 'FROM reprise-test/no-such-base:1\n', /BASE_IMAGE_UNAVAILABLE|REGISTRY_UNREACHABLE/],
    ['an instruction that does not exist', `FROM ${busyboxImage}\nRUNN true\n`, /DOCKERFILE_INVALID/],
    ['a step that is killed', `FROM ${busyboxImage}\nRUN exit 137\n`, /BUILD_OUT_OF_MEMORY/],
  ])('%s is told', async (_, dockerfile, code) => {
    const failed = await build(await writtenSubmission(store, dockerfile)).catch((error: unknown) => error);
    expect(failed).toMatchObject({ type: expect.stringMatching(code), message: expect.stringMatching(/^Dockerfile/) });
  });

  it('stops the step in the engine when its time is over', async () => {
    const taken = await writtenSubmission(store, `FROM ${busyboxImage}\nRUN echo ${runName('x')}; sleep 4711\n`);
    await expect(build(taken, undefined, 3_000)).rejects.toMatchObject({ type: 'BUILD_TIMEOUT', message: expect.stringContaining('longer than 3 s') });
    expect(await stepContainers()).toEqual([]);
  });

  it('stops the step in the engine when the run is cancelled', async () => {
    const taken = await writtenSubmission(store, `FROM ${busyboxImage}\nRUN echo ${runName('x')}; sleep 4711\n`);
    const context: TestContext = stageContext(runName('build'), 'build');
    const building = build(taken, context).catch((error: unknown) => error);
    await untilStepRuns();
    context.abort('cancelled');
    expect(await building).toMatchObject({ name: 'CancelledFailure' });
    expect(await stepContainers()).toEqual([]);
  });
});
