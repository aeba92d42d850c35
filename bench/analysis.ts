/**
 * Speed and memory of the contamination check over 100 MB of text against 5,000 questions, of the meta-analysis, and of its
 * report, as JSON. `node bench/analysis.ts [MEGABYTES]`
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkContamination } from '../activities/contamination/check.ts';
import { reportFiles } from '../activities/report/write.ts';
import { analyse } from '../domain/analysis/index.ts';
import { GenerationSettings, type SuiteStageContent } from '../domain/index.ts';
import { checkedQuestions } from '../test/fixtures/checked-questions.ts';
import { type Random, seededRandom } from '../domain/random.ts';
import { parseResults } from '../domain/results.ts';

const megabytes = Number(process.argv[2] ?? 100);
const random = seededRandom('bench analysis');
const vocabulary = Array.from({ length: 30_000 }, () => word(random));
const content = questionsOf(5_000);
const planted = content.scenarios[0]?.questions.slice(0, 50).map(({ prompt }) => prompt) ?? [];

const directory = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
const [jsonl, text] = [join(directory, 'train.jsonl'), join(directory, 'train.txt')];
try {
  const jsonlBytes = writeTraining(jsonl, (line) => JSON.stringify({ instruction: line.slice(0, 40), output: line }));
  const textBytes = writeTraining(text, (line) => `${line}\n`);
  const contamination = [await measure('jsonl', jsonl, jsonlBytes), await measure('text', text, textBytes)];
  const results = parseResults(readFileSync(join(import.meta.dirname, '..', 'examples', 'results', 'contest.json'), 'utf8'));
  const [analysis, analysisMs] = timed(() => analyse(results, { rule: 'contest-2023', seed: '1' }));
  const [, reportMs] = timed(() => reportFiles(analysis, { results: { name: 'contest.json', sha256: '' }, version: '' }));
  console.log(JSON.stringify({ schema: 'reprise.bench-analysis/v1', contamination, analysisMs, reportMs }, null, 2));
} finally {
  rmSync(directory, { recursive: true });
}

async function measure(format: string, path: string, bytes: number): Promise<Record<string, unknown>> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const report = await checkContamination(checkedQuestions(content), [path]);
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    format,
    bytes,
    questions: 5_000,
    planted: planted.length,
    found: report.questions.length,
    tokens: report.training.tokens,
    seconds: Number(seconds.toFixed(2)),
    cpuSeconds: Number(((process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1e6).toFixed(2)),
    megabytesPerSecond: Math.round(bytes / 1e6 / seconds),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1_024,
  };
}

/** Lines of 60 to 200 words in the frequencies of a language (Zipf), with the planted questions spread among them. */
function writeTraining(path: string, format: (line: string) => string): number {
  const file = openSync(path, 'w');
  let written = 0;
  let next = 0;
  while (written < megabytes * 1e6) {
    const words = Array.from({ length: 60 + Math.floor(random() * 140) }, () => vocabulary[Math.floor(vocabulary.length ** random()) - 1] ?? 'the');
    const at = (next * megabytes * 1e6) / (planted.length + 1);
    if (written >= at && next < planted.length) words.splice(30, 0, planted[next++] ?? '');
    written += writeSync(file, `${format(words.join(' '))}\n`);
  }
  closeSync(file);
  return written;
}

function questionsOf(count: number): SuiteStageContent {
  const generation = GenerationSettings.parse({});
  const questions = Array.from({ length: count }, (_, index) => ({
    id: `q${index}`,
    prompt: `Answer with a number.\n${Array.from({ length: 40 }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' ')}?`,
    references: ['1'],
    generation,
    metrics: ['exact_match'],
  }));
  return { stage: 'open', scenarios: [{ name: 'bench', questions }] };
}

function word(next: Random): string {
  return Array.from({ length: 2 + Math.floor(next() * 8) }, () => String.fromCharCode(97 + Math.floor(next() * 26))).join('');
}

function timed<T>(work: () => T): [T, number] {
  const startedAt = performance.now();
  const result = work();
  return [result, Math.round(performance.now() - startedAt)];
}
