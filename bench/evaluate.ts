/**
 * How close the evaluate stage comes to the server's own limit, and what 100,000 questions need in memory, in intake, evaluation and
 * score. Every case is a process of its own, compiled as the package is, without a cap on its heap. Prints one JSON document.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { spawn } from 'node:child_process';
import { execa } from 'execa';
import { withCompiled } from './compiled.ts';

type Mode = 'serial' | 'parallel';

interface Case {
  latencyMs: number;
  mode: Mode;
  questions: number;
  /** Solved examples before each question: five are usual. */
  examples?: number;
}

const cases: Case[] = [
  { latencyMs: 0, mode: 'serial', questions: 240 },
  { latencyMs: 0, mode: 'parallel', questions: 240 },
  { latencyMs: 50, mode: 'serial', questions: 240 },
  { latencyMs: 50, mode: 'parallel', questions: 240 },
  { latencyMs: 500, mode: 'serial', questions: 60 },
  { latencyMs: 500, mode: 'parallel', questions: 240 },
  { latencyMs: 0, mode: 'parallel', questions: 100_000 },
  { latencyMs: 0, mode: 'parallel', questions: 100_000, examples: 10 },
];

/** `idealMs`: the server's own time; for the parallel one, which has no limit, at 30 in flight as `helm-run -n 30`. */
const helmInFlight = 30;
const memoryAim = 200e6;
const firstAnswerAimMs = 2_000;

const results = await withCompiled('stage', async (program) => {
  const measured: unknown[] = [];
  for (const each of cases) measured.push(await measure(program, each));
  return measured;
});
console.log(JSON.stringify({ schema: 'reprise.bench-evaluate/v2', cases: results }, null, 2));

async function measure(program: string, { latencyMs, mode, questions, examples = 0 }: Case): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  const server = spawn(process.execPath, [join(import.meta.dirname, 'answer-server.ts'), String(latencyMs), mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const [suiteDirectory, store] = [join(directory, 'suite'), join(directory, 'store')];
    await writeSuite(join(suiteDirectory, 'open', 'bench.jsonl'), questions, examples);
    const run = async (...stage: string[]): Promise<StageFigures> => JSON.parse((await execa(process.execPath, [program, ...stage])).stdout) as StageFigures;
    const intake = await run('intake', store, suiteDirectory);
    const evaluated = await run('evaluate', store, intake.suite, `http://127.0.0.1:${String(port).trim()}`);
    const score = await run('score', store, intake.suite, evaluated.answers);
    const idealMs = (latencyMs * questions) / (mode === 'serial' ? 1 : helmInFlight);
    const { counts, wallMs, firstAnswerMs, latencyMs: latencyOfAnswersMs } = evaluated;
    const peakMemoryBytes = { intake: intake.peakMemoryBytes, evaluate: evaluated.peakMemoryBytes, score: score.peakMemoryBytes };
    const isLarge = questions > 1_000;
    const isQuick = isLarge ? firstAnswerMs <= firstAnswerAimMs : wallMs <= 1.1 * idealMs + 1_000;
    return {
      latencyMs,
      mode,
      questions,
      examples,
      answered: counts.answered,
      wallMs,
      idealMs,
      ratio: idealMs > 0 ? Number((wallMs / idealMs).toFixed(3)) : null,
      firstAnswerMs,
      latencyOfAnswersMs,
      peakMemoryBytes,
      withinTarget: isQuick && Object.values(peakMemoryBytes).every((bytes) => bytes <= memoryAim),
    };
  } finally {
    server.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

interface StageFigures {
  suite: string;
  answers: string;
  counts: { answered: number };
  wallMs: number;
  firstAnswerMs: number;
  latencyMs: { p50: number; p95: number };
  peakMemoryBytes: number;
}

/** Prompts as long as a question with its instructions, and with so many solved examples. */
async function writeSuite(path: string, questions: number, examples: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const filler = 'Answer the question with a number and nothing else. '.repeat(4 * (1 + examples));
  function* lines(): Generator<string> {
    for (let index = 0; index < questions; index += 1) {
      yield `${JSON.stringify({ id: `q${index}`, prompt: `${filler}Question ${index}: how many?\nAnswer:`, references: [String(index)], metrics: ['exact_match'] })}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
}
