import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { expect, it } from 'vitest';

it('the workflow bundle builds, without zod and without a room that does I/O', async () => {
  const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: silent,
  });
  expect(code).toContain('reproduceSubmission');
  for (const room of ['./node_modules/zod', './activities/', './infra/', './cli/']) expect(code).not.toContain(room);
});
