import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages } from '../../../../activities/build/index.ts';
import { createCleanUpActivities } from '../../../../activities/cleanup.ts';
import { evaluate } from '../../../../activities/evaluate/evaluation.ts';
import { serveSubmission } from '../../../../activities/evaluate/serving.ts';
import { storeSuite } from '../../../../activities/intake/suite.ts';
import { openStageLog } from '../../../../activities/logs/index.ts';
import type { SuiteStage } from '../../../../domain/index.ts';
import { metricNames } from '../../../../domain/metrics/index.ts';
import { baseImage } from '../../../../infra/base-image/step.ts';
import { writeSuite } from '../../../activities/evaluate/suite-directory.ts';
import { engineDependencies, runName, stageContext, type TestContext } from '../../../fixtures/engine.ts';
import { takenSubmission } from '../../../fixtures/submissions.ts';

const dependencies = engineDependencies();
const { docker, store, settings } = dependencies;
const { cleanUp } = createCleanUpActivities(dependencies);
const runs: string[] = [];
const images = new Set<string>();
const questions = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8', 'q9'];
let directory: string;
let suite: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-evaluate-'));
  settings.suiteKeyFile = join(directory, 'suite.key');
  await writeFile(settings.suiteKeyFile, '5a'.repeat(32));
  await writeSuite(directory, { open: { sums: questions }, closed: { hidden: questions.map((id) => `hidden-${id}`) } });
  ({ suite } = await storeSuite(dependencies, directory, metricNames));
});
afterAll(async () => {
  for (const run of runs) await cleanUp({ run });
  for (const id of images) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
  await rm(directory, { recursive: true });
});

async function evaluated(name: string, stage: SuiteStage): Promise<Awaited<ReturnType<typeof evaluate>> & { context: TestContext }> {
  const taken = await takenSubmission(store, name, baseImage);
  const building = stageContext(runName('build'), 'build');
  const log = await openStageLog(store, { run: building.run, stage: 'build', scratchDirectory: settings.scratchDirectory });
  const image = (await buildImages(dependencies, { ...taken, fresh: false }, building, log)).result.images[0];
  if (!image) throw new Error(`${name} has no serving image`);
  images.add(image.id);
  const context = stageContext(runName(name), `evaluate-${stage}`);
  runs.push(context.run);
  const input = { run: context.run, workflowId: context.workflowId, fresh: false, stage, submission: taken.submission, image, suite };
  return { ...(await evaluate(dependencies, input, context, serveSubmission(dependencies, input, context))), context };
}

describe('a server', { timeout: 120_000 }, () => {
  it.each([
    ['server-garbage', '9 not-json'],
    ['server-500', '9 http-500'],
    ['server-10-mb', '9 too-large'],
  ])('%s fails the stage with its reasons counted', async (name, reasons) => {
    await expect(evaluated(name, 'open')).rejects.toMatchObject({
      type: 'SERVE_NO_USABLE_ANSWER',
      message: `none of 9 questions was answered: ${reasons}`,
      details: [{ logKey: expect.stringContaining('cas/') as string }],
    });
  });

  it('that dies after each answer is started again within the limit, and what it answered counts', async () => {
    const { result, context } = await evaluated('server-dies', 'closed');
    // Seven lives give seven answers, unless a busy machine lets one end before it is asked.
    expect(result.counts.answered).toBeGreaterThanOrEqual(5);
    expect(result.summary).toMatch(/^\d\/9 answered.*the server died \d times/);
    expect(JSON.stringify([result, context.reports])).not.toContain('hidden-q');
  });
});
