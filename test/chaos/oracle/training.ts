import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../summary.ts';
import type { Submitted } from '../workload.ts';
import type { World } from '../world.ts';
import { linesOf } from './lines.ts';
import { steps, stepSeconds } from './model.ts';

/** As reprise.yaml has it. */
const budgetMs = 10 * 60_000;

/**
 * Each step was done and told once, in one life of the container and one more for each kill that explains it, within one budget that
 * no life extended. Resolves to the seconds of training that were done again.
 */
export async function checkTraining(world: World, submitted: Submitted, findings: Finding[]): Promise<number> {
  const { trainingKills, retryOf } = submitted;
  // A retry takes the training of the run before it where that came to its end.
  const trained = retryOf?.stages.some(({ name, status }) => name === 'train' && status === 'completed') === true;
  const run = trained ? retryOf.run : submitted.run;
  const lines = await logOf(world, run);
  const told = new Map<number, number>();
  for (const line of lines) {
    const [, step] = /step (\d+) of/.exec(line) ?? [];
    if (step !== undefined) told.set(Number(step), (told.get(Number(step)) ?? 0) + 1);
  }
  checkLives(world, run, trainingKills, lines.filter((line) => line.includes('life from step')), findings);
  const missing = Array.from({ length: steps }, (_, index) => index + 1).filter((step) => !told.has(step));
  // One that is killed between a step and its line tells one line less.
  // An engine that is away when a training ends has not heard the last of it; the log then says so.
  const isSaid = lines.some((line) => line.includes('what it printed last may be missing')) && missing[0] === Math.max(...told.keys()) + 1 && missing.at(-1) === steps;
  if (missing.length > trainingKills.length && !(isSaid && world.strikes.some(({ kind }) => besides.test(kind)))) findings.push({ kind: 'lost', of: run, message: `the log lacks the steps ${missing.join(', ')}` });
  let again = 0;
  for (const [step, times] of told) {
    again += times - 1;
    if (times > 1) findings.push({ kind: 'doubled', of: run, message: `step ${step} stands in the log ${times} times` });
  }
  await checkBudget(world, run, findings);
  return again * stepSeconds;
}

/** What may take a training along although it should not: the engine and its containerd, for so long after they were struck. */
const besides = /^(engine|containerd)-/;
const besidesMs = 60_000;

/**
 * The engine stamps each line to the nanosecond, so that a line that stands twice is no second life. A life after the first follows a
 * kill of the container, or a fault of what runs it; each kill explains one.
 */
function checkLives({ strikes }: World, run: string, kills: number[], lines: string[], findings: Finding[]): void {
  const stamps = [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))].sort();
  if (stamps.length < lines.length) findings.push({ kind: 'doubled', of: run, message: `${lines.length} lines tell of ${stamps.length} lives` });
  const left = [...kills];
  for (const stamp of stamps.slice(1)) {
    const atMs = Date.parse(stamp);
    const kill = left.findIndex((killedMs) => killedMs <= atMs);
    if (kill >= 0) left.splice(kill, 1);
    else if (!strikes.some((strike) => besides.test(strike.kind) && strike.atMs <= atMs && atMs - strike.atMs < besidesMs)) {
      findings.push({ kind: 'lost', of: run, message: `the training was started again at ${stamp}, and nothing had killed it (lives ${stamps.join(', ')}; kills ${kills.map((each) => new Date(each).toISOString()).join(', ')})` });
    }
  }
}

/** What the store has of the container's lives: none begins with more budget than the one before had left. */
async function checkBudget({ objects }: World, run: string, findings: Finding[]): Promise<void> {
  const directory = join(objects, 'runs', run, 'budget');
  const files = (await readdir(directory)).filter((name) => name.endsWith('.start.json')).sort();
  let usedMs = 0;
  let startMs = Number.NaN;
  for (const name of files) {
    const life = JSON.parse(await readFile(join(directory, name), 'utf8')) as { startedAt: string; usedBeforeMs: number };
    const least = usedMs + (await endedMs(directory, name, startMs));
    if (life.usedBeforeMs < least - 1_000) findings.push({ kind: 'wrong', of: run, message: `the budget was extended: a life began with ${life.usedBeforeMs} ms used after ${least} ms` });
    usedMs = life.usedBeforeMs;
    startMs = Date.parse(life.startedAt);
  }
  if (usedMs > budgetMs) findings.push({ kind: 'wrong', of: run, message: `the training used ${usedMs} ms of ${budgetMs} ms` });
}

/** How long the life before ran, by its own end. */
async function endedMs(directory: string, _name: string, startMs: number): Promise<number> {
  if (Number.isNaN(startMs)) return 0;
  const ends = (await readdir(directory)).filter((name) => name.endsWith('.end.json'));
  for (const name of ends) {
    const end = JSON.parse(await readFile(join(directory, name), 'utf8')) as { startedAt: string; endedAt: string };
    if (Date.parse(end.startedAt) === startMs) return Date.parse(end.endedAt) - startMs;
  }
  return 0;
}

async function logOf({ objects }: World, run: string): Promise<string[]> {
  const directory = join(objects, 'runs', run, 'logs', 'train');
  const chunks = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
  const texts = await Promise.all(chunks.map((name) => readFile(join(directory, name))));
  return texts.flatMap(linesOf);
}
