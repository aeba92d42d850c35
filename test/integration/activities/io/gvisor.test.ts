import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCleanUpActivities } from '../../../../activities/cleanup.ts';
import { putBlob } from '../../../../activities/io/blobs.ts';
import { getTree, putTree, readTreeFile } from '../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../activities/logs/index.ts';
import { withServer, type ServerInput } from '../../../../activities/serve/index.ts';
import { mediaTypes, treeOf } from '../../../../domain/index.ts';
import { ensureBaseImage } from '../../../../infra/base-image/step.ts';
import { binaries, binaryStep, findBinary } from '../../../../infra/binaries.ts';
import { readConfig } from '../../../../infra/config.ts';
import { gvisor } from '../../../../infra/engine.ts';
import { runSteps } from '../../../../infra/step.ts';
import { ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName, stageContext } from '../../../fixtures/engine.ts';
import { engineImages } from '../../../fixtures/engine-images.ts';
import { startOwnEngine, type OwnEngine } from '../../../fixtures/own-engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

let engine: OwnEngine;
let dependencies: ReturnType<typeof engineDependencies>;
beforeAll(async () => {
  const config = readConfig();
  await runSteps([binaryStep(config, binaries.runsc)], () => undefined);
  engine = await startOwnEngine({ runtimes: { [gvisor]: (await findBinary(config, binaries.runsc)) ?? '' } });
  dependencies = { ...engineDependencies({ containerRuntime: gvisor }), docker: engine.docker };
  await ensureBaseImage({ ...config, dockerSocket: engine.socket });
  await ensureBusybox(engine.docker);
}, 15 * 60_000);
afterAll(() => engine.stop());

it('a training runs under gVisor, keeps its output and is ended at its deadline', { timeout: 300_000 }, async () => {
  const bench = trainingBench({}, dependencies);
  const context = bench.newContext('gvisor');
  const { result } = await bench.train(await bench.thatRuns('cat /proc/version > $OUTPUT_DIR/kernel; echo trained'), context);
  const kernel = await readTreeFile(dependencies.store, await getTree(dependencies.store, result.output), 'kernel');
  expect(Buffer.from(kernel ?? []).toString()).toContain('gvisor');
  const late = bench.newContext('gvisor-late');
  await expect(bench.train(await bench.thatRuns('cat /proc/version; while true; do sleep 1; done', { trainingBudgetMs: 5_000 }), late)).rejects.toMatchObject({ type: 'TRAIN_TIMEOUT' });
  expect(await bench.storedLines(late.run)).toEqual([expect.stringContaining('gvisor')]);
  await bench.takeDown();
});

it('questions to a server under gVisor end with it', { timeout: 20_000 }, async () => {
  const images = engineImages(dependencies);
  const context = stageContext(runName('gvisor-killed'), 'evaluate-open');
  const script = `mkdir -p /tmp/cgi-bin; printf '#!/bin/sh\\nkill -9 -1; sleep 1000\\n' > /tmp/cgi-bin/die; chmod +x /tmp/cgi-bin/die; exec httpd -f -p 80 -h /tmp`;
  await withStageLog(dependencies, context, (line) => line, async (log) => {
    const input: ServerInput = { run: context.run, stage: context.stage, image: { role: 'serve', id: await images.thatRuns(script), sizeBytes: 0 }, track: 'cpu', port: 80, readyTimeoutMs: 60_000, log };
    await withServer(dependencies, input, context, async ({ baseUrl }) => {
      await expect(fetch(`${baseUrl}/cgi-bin/die`)).rejects.toThrow();
      await expect(fetch(baseUrl)).rejects.toThrow();
    });
    return { result: undefined, artifacts: [] };
  });
});

it('a server runs under gVisor, answers over a network of its own, and leaves nothing', { timeout: 300_000 }, async () => {
  const { docker, store } = dependencies;
  const images = engineImages(dependencies);
  const context = stageContext(runName('gvisor-serve'), 'evaluate-open');
  const script = 'cat /proc/version > /tmp/kernel; exec httpd -f -p 80 -h /tmp';
  const { sha256, sizeBytes } = await putBlob(store, Buffer.from('weights'), mediaTypes.bytes);
  const output = await putTree(store, treeOf([{ type: 'file', path: 'weights', executable: false, sha256, sizeBytes }]));
  const said = await withStageLog(dependencies, context, (line) => line, async (log) => {
    const input: ServerInput = { run: context.run, stage: context.stage, image: { role: 'serve', id: await images.thatRuns(script), sizeBytes: 0 }, track: 'cpu', port: 80, readyTimeoutMs: 60_000, log, output };
    return { result: await withServer(dependencies, input, context, async ({ baseUrl }) => (await fetch(`${baseUrl}/kernel`)).text()), artifacts: [] };
  });
  expect(said.result).toContain('gvisor');
  await createCleanUpActivities(dependencies).cleanUp({ run: context.run });
  expect((await docker.listContainers({ all: true })).length).toBe(0);
});
