import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAsk, type AskOutcome } from '../../activities/evaluate/ask.ts';
import { evaluate } from '../../activities/evaluate/evaluation.ts';
import { serveSubmission } from '../../activities/evaluate/serving.ts';
import { buildFailure } from '../../activities/build/build-failure.ts';
import { buildOnEngine } from '../../activities/build/engine-build.ts';
import { buildImages } from '../../activities/build/index.ts';
import { contextTar } from '../../activities/build/context.ts';
import { engineBuildOptions, plannedBuilds } from '../../activities/build/plan.ts';
import { stepsOf } from '../../activities/build/steps.ts';
import { createCleanUpActivities } from '../../activities/cleanup.ts';
import { readConfig } from '../../infra/config.ts';
import { runPrefix } from '../../activities/io/docker/names.ts';
import { storeSuite } from '../../activities/intake/suite.ts';
import { getBlob, putBlob } from '../../activities/io/blobs.ts';
import { getTree, putTree, treeFromDirectory } from '../../activities/io/trees.ts';
import { readStageLog, withStageLog } from '../../activities/logs/index.ts';
import { withServer, type ServerBounds } from '../../activities/serve/index.ts';
import { runTraining, type TrainingChanges } from '../../activities/train/index.ts';
import { mediaTypes, type StageName, type Submission, type SuiteStage } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import type { EvaluateResult, ImageReference, TrainResult } from '../../workflows/contract.ts';
import { writeSuite } from '../activities/evaluate/suite-directory.ts';
import { engineDependencies, runName, stageContext, type TestContext } from '../fixtures/engine.ts';
import { submissionWith } from '../fixtures/submission.ts';
import type { TakenSubmission } from '../fixtures/submissions.ts';

/** As of the platform itself: `REPRISE_CONTAINER_RUNTIME=runsc npm run hostile` attacks gVisor. */
export const { containerRuntime } = readConfig();
const submissionsDirectory = join(import.meta.dirname, 'submissions');
const questions = ['q1', 'q2', 'q3', 'q4'];

/** What the cases share: a real engine, a store in memory, and the stages as functions. */
export async function hostileBench(values: () => Record<string, string>) {
  const dependencies = engineDependencies();
  const { docker, store, settings } = dependencies;
  const { cleanUp } = createCleanUpActivities(dependencies);
  const scratch = await mkdtemp(join(tmpdir(), 'reprise-hostile-'));
  const runs: string[] = [];
  const images = new Set<string>();
  settings.suiteKeyFile = join(scratch, 'suite.key');
  if (containerRuntime !== undefined) settings.containerRuntime = containerRuntime;
  settings.recording = { authorityFile: join(scratch, 'recording.pem'), reachable: [] };
  await writeFile(settings.suiteKeyFile, '5a'.repeat(32));
  await writeSuite(scratch, { open: { sums: questions }, closed: { hidden: questions.map((id) => `hidden-${id}`) } });
  const { suite } = await storeSuite(dependencies, scratch, metricNames);

  let latest: TestContext | undefined;
  const newContext = (name: string, stage: StageName, run = runName(name)): TestContext => {
    runs.push(run);
    latest = stageContext(run, stage);
    return latest;
  };

  /** The submission as intake and pin leave it, with the places in braces filled in. */
  const take = async (name: string): Promise<TakenSubmission> => {
    const directory = join(scratch, name);
    await cp(join(submissionsDirectory, name), directory, { recursive: true });
    const names = await readdir(directory);
    for (const file of names) await writeFile(join(directory, file), filled(await readFile(join(directory, file), 'utf8'), values()));
    const tree = await treeFromDirectory(store, directory, { maxBytes: 1e9, maxFiles: 1e4, tooLarge: 'SOURCE_TOO_LARGE', unsafe: 'SOURCE_UNSAFE_PATH' });
    const dockerfile = names.includes('Dockerfile.train') ? 'Dockerfile.train' : 'Dockerfile';
    const role = dockerfile === 'Dockerfile.train' ? 'train' : 'serve';
    const blob = await putBlob(store, await readFile(join(directory, dockerfile)), mediaTypes.text);
    const submission = submissionWith({ name, snapshot: await putTree(store, tree), images: [{ role, dockerfile, context: '.', evidence: 'test' }], readyTimeoutMs: 20_000, trainingBudgetMs: 60_000 });
    return { submission, pin: { dockerfiles: [{ role, artifact: { ...blob, path: `dockerfiles/${role}`, role: 'dockerfile' } }], report: '0'.repeat(64), artifacts: [], summary: '' } };
  };

  const build = async (name: string, timeoutMs = 60_000): Promise<{ submission: Submission; image: ImageReference }> => {
    const taken = await take(name);
    const context = newContext(name, 'build');
    const { result } = await withStageLog(dependencies, context, plain, (log) => buildImages(dependencies, { ...taken, fresh: false }, context, log, timeoutMs));
    const [image] = result.images;
    if (!image) throw new Error(`${name} has no image`);
    images.add(image.id);
    return { submission: taken.submission, image };
  };

  return {
    dependencies,
    docker,
    store,
    newContext,
    /** Of the stage that was begun last. */
    latest: () => latest,
    build,
    /** One build held to small bounds, past the stage's own. */
    async buildBounded(name: string, bounds: { memoryBytes?: number; rootBytes?: number; pids?: number }): Promise<never> {
      const { submission, pin } = await take(name);
      const [planned] = plannedBuilds(submission, pin);
      if (!planned) throw new Error(`${name} has nothing to build`);
      const dockerfile = await getBlob(store, planned.pinned);
      const tar = await contextTar(store, await getTree(store, submission.snapshot), planned, { dockerfile, caBundle: undefined });
      const options = engineBuildOptions(settings, { fresh: true, secrets: {} });
      const memory = bounds.memoryBytes ?? options.memory;
      const context = newContext(name, 'build');
      const observer = { onStep: () => undefined, onOutput: async () => undefined };
      const steps = { rootBytes: bounds.rootBytes ?? 1e9, pids: bounds.pids ?? 512, pollMs: 200 };
      const built = await buildOnEngine(docker, tar, { ...options, memory, memswap: memory }, context.signal, observer, steps);
      if (built.status === 'built') throw new Error(`${name} was built`);
      const text = Buffer.from(dockerfile).toString('utf8');
      throw buildFailure(planned.dockerfile, stepsOf(text, text), built.step, built.end);
    },
    async train(name: string, changes: TrainingChanges & { submission?: Partial<Submission> } = {}, given?: TestContext): Promise<TrainResult> {
      const { submission, image } = await build(name);
      const context = given ?? newContext(name, 'train');
      latest = context;
      const input = { submission: { ...submission, ...changes.submission }, image };
      return (await withStageLog(dependencies, context, plain, (log, lease) => runTraining(dependencies, input, context, log, lease, changes))).result;
    },
    async evaluate(name: string, stage: SuiteStage = 'open', given?: TestContext): Promise<EvaluateResult> {
      const { submission, image } = await build(name);
      const context = given ?? newContext(name, `evaluate-${stage}`);
      latest = context;
      const input = { run: context.run, workflowId: context.workflowId, fresh: false, stage, submission, image, suite };
      return (await evaluate(dependencies, input, context, serveSubmission(dependencies, input, context))).result;
    },
    /** Serves a submission and asks it one question under small bounds; throws why the server ended, where it did. */
    async ask(name: string, bounds: ServerBounds & { questionTimeoutMs?: number } = {}, given?: TestContext): Promise<AskOutcome> {
      const { submission, image } = await build(name);
      const context = given ?? newContext(name, 'evaluate-open');
      latest = context;
      const { port, readyTimeoutMs, track } = submission;
      return withStageLog(dependencies, context, plain, (log) =>
        withServer(dependencies, { run: context.run, stage: context.stage, image, track, port, readyTimeoutMs, log }, context, async (server) => {
          const client = createAsk(server.baseUrl, { questionTimeoutMs: bounds.questionTimeoutMs ?? 30_000, replyBytes: 4 * 1024 ** 2 });
          const inquiry = { id: 'q', prompt: '2+2=', generation: { maxNewTokens: 4, topK: 1, temperature: 0, seed: 0 }, alike: [] };
          const outcome = await client.ask(inquiry as never, context.signal);
          client.close();
          const ended = outcome.kind === 'failed' ? await server.exitFailure() : undefined;
          await log.flush();
          if (ended) throw ended;
          return outcome;
        }, bounds),
      );
    },
    async linesOf({ run, stage }: TestContext): Promise<string[]> {
      const lines: string[] = [];
      for await (const line of readStageLog(store, run, stage)) lines.push(line.slice(line.indexOf(' ') + 1));
      return lines;
    },
    /** Containers of an ended stage that still run: an attack that outlives it. */
    async left(run = ''): Promise<string[]> {
      const running = await docker.listContainers();
      return running.flatMap(({ Names }) => Names).filter((name) => name.startsWith(`/${runPrefix(run)}`));
    },
    async takeDown(): Promise<void> {
      for (const run of new Set(runs)) await cleanUp({ run });
      for (const id of images) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
      await rm(scratch, { recursive: true });
    },
  };
}

export type HostileBench = Awaited<ReturnType<typeof hostileBench>>;

function filled(text: string, values: Record<string, string>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (place, name: string) => values[name] ?? place);
}

function plain(line: string): string {
  return line;
}
