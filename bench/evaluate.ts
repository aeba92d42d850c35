/**
 * How close the evaluator comes to the server's own limit, and what it needs in memory. Prints one JSON document.
 * `node bench/evaluate.ts` measures all; each case runs in a process of its own (`node bench/evaluate.ts LATENCY MODE QUESTIONS`).
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openAnswerJournal } from '../activities/evaluate/journal.ts';
import { answersOf, countAnswers, latencyOf, planQuestions } from '../activities/evaluate/plan.ts';
import { askWithRestarts } from '../activities/evaluate/restarts.ts';
import { unsealed } from '../activities/evaluate/sealing.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';
import { GenerationSettings, limits, type SuiteStageContent } from '../domain/index.ts';

type Mode = 'serial' | 'parallel';

const cases: [latencyMs: number, mode: Mode, questions: number][] = [
  [0, 'serial', 240],
  [0, 'parallel', 240],
  [50, 'serial', 240],
  [50, 'parallel', 240],
  [500, 'serial', 60],
  [500, 'parallel', 240],
  [0, 'parallel', 100_000],
];

/** `idealMs`: the server's own time; for the parallel one, which has no limit, at 30 in flight as `helm-run -n 30`. */
const helmInFlight = 30;

/** V8 lets garbage stand as long as memory is free; with a cap, the peak shows what is needed. */
const heap = ['--max-old-space-size=104', '--max-semi-space-size=2'];

const [latency, mode, count] = process.argv.slice(2);
if (latency === undefined) console.log(JSON.stringify({ schema: 'reprise.bench-evaluate/v1', cases: await measureAll() }, null, 2));
else console.log(JSON.stringify(await measure(Number(latency), mode as Mode, Number(count))));

async function measureAll(): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const each of cases) {
    const { stdout } = await promisify(execFile)(process.execPath, [...heap, import.meta.filename, ...each.map(String)]);
    results.push(JSON.parse(stdout));
  }
  return results;
}

async function measure(latencyMs: number, mode: Mode, questions: number): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  const server = spawn(process.execPath, [join(import.meta.dirname, 'answer-server.ts'), String(latencyMs), mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const baseUrl = `http://127.0.0.1:${String(port).trim()}`;
    const plan = planQuestions(contentOf(questions), 'bench');
    const store = createDirectoryStore(directory);
    const startedAt = performance.now();
    const journal = await openAnswerJournal(store, { run: 'bench', stage: 'evaluate-open', inputs: 'bench' }, unsealed);
    let firstAnswerMs: number | undefined;
    const report = ({ done = 0 }: { done?: number }): void => {
      if (done > 0) firstAnswerMs ??= Math.round(performance.now() - startedAt);
    };
    const use = { signal: new AbortController().signal, report };
    await askWithRestarts((ask) => ask({ baseUrl, startedAt: new Date().toISOString(), alive: async () => true }), { plan, journal, timeMs: limits.evaluateOpenMs }, use);
    const wallMs = Math.round(performance.now() - startedAt);
    const idealMs = (latencyMs * questions) / (mode === 'serial' ? 1 : helmInFlight);
    const counts = countAnswers(answersOf(plan, journal.answered));
    return {
      latencyMs,
      mode,
      questions,
      answered: counts.answered,
      wallMs,
      idealMs,
      withinTarget: questions > 1_000 ? null : wallMs <= 1.1 * idealMs + 1_000,
      ratio: idealMs > 0 ? Number((wallMs / idealMs).toFixed(3)) : null,
      firstAnswerMs,
      latencyOfAnswersMs: latencyOf(journal.answered.values()),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1_024,
    };
  } finally {
    server.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Prompts as long as a question with its instructions, without examples. */
function contentOf(questions: number): SuiteStageContent {
  const generation = GenerationSettings.parse({});
  const filler = 'Answer the question with a number and nothing else. '.repeat(4);
  const list = Array.from({ length: questions }, (_, index) => ({
    id: `q${index}`,
    prompt: `${filler}Question ${index}: how many?\nAnswer:`,
    references: [String(index)],
    generation,
    metrics: ['exact_match'],
  }));
  return { stage: 'open', scenarios: [{ name: 'bench', questions: list }] };
}
