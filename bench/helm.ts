/**
 * The evaluator against helm-run: 240 identical requests to the same deterministic local server, one after the other, at latencies of
 * 0, 50 and 500 ms. Each wall time is that of a whole process, from its start to its end. Prints one JSON document.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { storeSuite } from '../activities/intake/suite.ts';
import { getBlob } from '../activities/io/blobs.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';
import { writeSuite } from '../activities/suite/build.ts';
import { SuiteDefinition } from '../activities/suite/definition.ts';
import type { Answer } from '../domain/index.ts';
import { metricNames } from '../domain/metrics/index.ts';
import { withCompiled } from './compiled.ts';
import { startHelmAnswerServer } from './helm/answer-server.ts';
import { choiceQuestions } from './helm/questions.ts';
import { callHelm, installation, installedHelm } from './helm/run.ts';

const requests = 240;
/** Solved examples come on top of what is asked. */
const questions = choiceQuestions(requests + 5).questions;
/** As helm-run -n 30; the server itself takes any number at once. */
const inFlight = 30;
/** What is aimed at, by latency: times as fast as helm-run's default, and as its -n 30. */
const aims: Readonly<Record<number, { default: number; n30: number }>> = { 0: { default: 5, n30: 4 }, 50: { default: 5, n30: 4 }, 500: { default: 5, n30: 2 } };

const helmIsThere = installedHelm() !== undefined;
const result = helmIsThere ? { cases: await withCompiled('stage', measureAll) } : { leftOut: `HELM is not installed; install it with: ${installation}` };
console.log(JSON.stringify({ schema: 'reprise.bench-helm/v1', requests, ...result }, null, 2));

async function measureAll(program: string): Promise<unknown[]> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-bench-helm-'));
  try {
    await writeFile(join(directory, 'choices.jsonl'), questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
    const cases: unknown[] = [];
    for (const latencyMs of Object.keys(aims).map(Number)) cases.push(await measure(program, directory, latencyMs));
    return cases;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(program: string, directory: string, latencyMs: number): Promise<Record<string, unknown>> {
  const server = await startHelmAnswerServer(new Map(), latencyMs);
  try {
    const byDefault = await timed(() => helm(directory, server.url, `default-${latencyMs}`));
    const at30 = await timed(() => helm(directory, server.url, `n30-${latencyMs}`, inFlight));
    const askedByHelm = server.asked() / 2;
    const store = join(directory, `store-${latencyMs}`);
    const suite = await imported(at30.value, store);
    const ours = await timed(() => execa(process.execPath, [program, 'evaluate', store, suite, server.url]));
    const { answers, firstAnswerMs, peakMemoryBytes } = JSON.parse(ours.value.stdout) as { answers: string; firstAnswerMs: number; peakMemoryBytes: number };
    const idealMs = Math.ceil(requests / inFlight) * latencyMs;
    const ratios = { default: round(byDefault.wallMs / ours.wallMs), n30: round(at30.wallMs / ours.wallMs) };
    const aim = aims[latencyMs] ?? { default: 1, n30: 1 };
    return {
      latencyMs,
      /** The server's own time at 30 in flight. */
      idealMs,
      wallMs: { reprise: ours.wallMs, helm: byDefault.wallMs, helmN30: at30.wallMs },
      timesAsFast: ratios,
      withinTarget: ours.wallMs <= 1.1 * idealMs + 1_000 && ratios.default >= aim.default && ratios.n30 >= aim.n30,
      asked: { reprise: server.asked() - 2 * askedByHelm, helm: askedByHelm },
      equalAnswers: await equalAnswers(at30.value, store, answers),
      firstAnswerMs,
      peakMemoryBytes,
    };
  } finally {
    await server.close();
  }
}

async function helm(directory: string, url: string, suite: string, threads?: number): Promise<string> {
  const entries = [`reprise_choices:path=${join(directory, 'choices.jsonl')},model=neurips/local`];
  const [run] = await callHelm(directory, { suite, entries, url, threads, instances: requests });
  if (run === undefined) throw new Error(`helm-run finished no run; see ${join(directory, `${suite}.log`)}`);
  return run;
}

/** The finished prompts of HELM's own run as a stored suite. */
async function imported(run: string, store: string): Promise<string> {
  const suiteDirectory = `${store}-suite`;
  await mkdir(store, { recursive: true });
  await writeSuite(SuiteDefinition.parse({ name: 'bench', scenarios: [{ name: 'choices', format: 'helm_run', files: [{ path: run }] }] }), '/', suiteDirectory);
  const dependencies = { store: createDirectoryStore(store), settings: { suiteKeyFile: join(store, 'suite.key') } };
  return (await storeSuite(dependencies, suiteDirectory, metricNames)).suite;
}

/** How many questions were answered with the same text as in HELM's run. */
async function equalAnswers(run: string, store: string, sha256: string): Promise<number> {
  const state = JSON.parse(await readFile(join(run, 'scenario_state.json'), 'utf8')) as {
    request_states: { instance: { id: string }; result: { completions: { text: string }[] } }[];
  };
  const expected = new Map(state.request_states.map(({ instance, result: { completions } }) => [`choices-${instance.id}`, completions[0]?.text]));
  const lines = Buffer.from(await getBlob(createDirectoryStore(store), sha256)).toString('utf8').trimEnd().split('\n');
  const answers = lines.map((line) => JSON.parse(line) as Answer);
  return answers.filter((answer) => answer.status === 'answered' && expected.get(answer.id) === answer.text).length;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; wallMs: number }> {
  const startedAtMs = performance.now();
  const value = await work();
  return { value, wallMs: Math.round(performance.now() - startedAtMs) };
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
