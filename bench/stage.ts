/**
 * One stage of a run as a process of its own, over a store that is a directory; prints one line of JSON with its wall time and the most
 * memory that it took:
 *
 *   node bench/stage.ts intake STORE DIRECTORY    takes a suite into the store
 *   node bench/stage.ts evaluate STORE SUITE URL  asks the server at URL every open question
 *   node bench/stage.ts score STORE SUITE ANSWERS
 */
import { join } from 'node:path';
import { evaluate } from '../activities/evaluate/evaluation.ts';
import { storeSuite } from '../activities/intake/suite.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';
import { score } from '../activities/score/score.ts';
import type { StageContext } from '../activities/stage.ts';
import { metricNames } from '../domain/metrics/index.ts';

const [stage, directory = '', ...given] = process.argv.slice(2);
const store = createDirectoryStore(directory);
const dependencies = { store, settings: { suiteKeyFile: join(directory, 'suite.key'), scratchDirectory: join(directory, 'scratch'), secrets: {} } };
/** Of a run's input only what these stages read. */
const run = { run: 'bench', workflowId: 'bench', fresh: false };
const stages: Readonly<Record<string, (...arguments_: string[]) => Promise<object>>> = { intake, evaluate: evaluateOpen, score: scoreOpen };

const work = stages[stage ?? ''];
if (work === undefined) throw new Error(`there is no stage ${stage}; there are ${Object.keys(stages).join(', ')}`);
const startedAtMs = performance.now();
const result = await work(...given);
const wallMs = Math.round(performance.now() - startedAtMs);
process.stdout.write(`${JSON.stringify({ ...result, wallMs, peakMemoryBytes: process.resourceUsage().maxRSS * 1_024 })}\n`);

async function intake(from = ''): Promise<object> {
  return { suite: (await storeSuite(dependencies, from, metricNames)).suite };
}

async function evaluateOpen(suite = '', baseUrl = ''): Promise<object> {
  let readyAtMs: number | undefined;
  let firstAnswerMs: number | undefined;
  const report: StageContext['report'] = ({ done = 0 }) => {
    if (done > 0 && readyAtMs !== undefined) firstAnswerMs ??= Math.round(performance.now() - readyAtMs);
  };
  const context: StageContext = { ...run, stage: 'evaluate-open', attempt: 1, signal: new AbortController().signal, cancelled: () => false, report };
  const input = { ...run, stage: 'open', suite, image: { role: 'serve', id: 'sha256:bench', sizeBytes: 1 }, submission: { port: 80, track: 'cpu', secrets: [] } } as unknown as Parameters<typeof evaluate>[1];
  const { result: evaluated } = await evaluate(dependencies as unknown as Parameters<typeof evaluate>[0], input, context, () => (use) => {
    readyAtMs = performance.now();
    return use({ baseUrl, startedAt: new Date().toISOString(), alive: async () => true });
  });
  const { answers, counts, latencyMs } = evaluated;
  return { answers, counts, latencyMs, firstAnswerMs };
}

async function scoreOpen(suite = '', answers = ''): Promise<object> {
  const input = { ...run, suite, evaluations: [{ stage: 'open', answers }], submission: {} } as unknown as Parameters<typeof score>[1];
  const { result: scored } = await score(dependencies as unknown as Parameters<typeof score>[0], input);
  return { summary: scored.summary };
}
