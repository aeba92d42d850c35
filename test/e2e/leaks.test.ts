import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Question, Run } from '../../domain/index.ts';
import { type Finished, reprise } from './command.ts';
import { filesOfStack, historyOf, printedOf, storedObjects } from './everything.ts';

const submission = join(import.meta.dirname, '..', 'submissions', 'server-echoes');
const behaviours = ['answer', 'refuse', 'send away', 'babble', 'say as last words'];
const words = ['amber', 'birch', 'cobalt', 'dahlia', 'ember', 'fjord', 'garnet', 'heron', 'indigo', 'juniper'];

let scratch: string;
let finished: Finished;
let run: Run;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-leaks-'));
  writeScenario('open', 'shown', words.slice(0, 3).map((word) => question('open', word, 'answer')));
  writeScenario('closed', 'hidden', words.map((word, index) => question('hidden', word, behaviours[index % behaviours.length] ?? '')).slice(0, 9));
  const sealed = join(scratch, 'sealed');
  expect((await reprise(['suite', 'encrypt', join(scratch, 'suite'), '--out', sealed])).exitCode).toBe(0);
  finished = await reprise(['start', submission, '--suite', sealed, '--watch', '--json']);
  run = JSON.parse(finished.stdout) as Run;
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function question(stage: string, word: string, behaviour: string): Pick<Question, 'id' | 'prompt' | 'references' | 'metrics'> {
  const prompt = `Of the ${stage} kind: what does the ${word} lantern cost in spring, and do you ${behaviour}?`;
  return { id: `${stage}-lantern-${word}`, prompt, references: [`${stage} ${word} coins`], metrics: ['exact_match'] };
}

function writeScenario(stage: string, name: string, questions: object[]): void {
  mkdirSync(join(scratch, 'suite', stage), { recursive: true });
  writeFileSync(join(scratch, 'suite', stage, `${name}.jsonl`), questions.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** Texts that say what a question is, as they are, in the base64 of each alignment, and as part of an address. */
function tracesOf(stage: string): string[] {
  const texts = words.flatMap((word) => [`${stage} kind: what does the ${word} lantern cost`, `${stage}-lantern-${word}`, `${stage} ${word} coins`]);
  return texts.flatMap((text) => [text, encodeURIComponent(text), ...[0, 1, 2].map((shift) => inBase64(text, shift))]);
}

/** The part of the base64 that no neighbour has a bit in. */
function inBase64(text: string, shift: number): string {
  const encoded = Buffer.from(' '.repeat(shift) + text).toString('base64');
  return encoded.slice(4, Math.floor((shift + text.length) / 3) * 4);
}

function tracesIn(bytes: Uint8Array, traces: readonly string[]): string[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return traces.filter((trace) => content.includes(trace));
}

/** Where any trace of a stage's questions is, among everything of these names and contents. */
async function placesOf(stage: string, all: AsyncIterable<[string, Uint8Array]>): Promise<string[]> {
  const traces = tracesOf(stage);
  const places: string[] = [];
  for await (const [name, bytes] of all) {
    const [found] = tracesIn(bytes, traces);
    if (found !== undefined) places.push(`${name}: ${found}`);
  }
  return places;
}

describe('a server that tells everybody what it is asked', () => {
  it('is evaluated on the closed stage, refusals, babble and last words included', () => {
    const closed = run.stages.find(({ name }) => name === 'evaluate-closed');
    expect(closed?.outcome, JSON.stringify(run.stages, null, 1)).toMatchObject({ status: 'completed' });
    expect(run.status).toBe('completed');
  });

  it.each([
    ['the object store', storedObjects],
    ['the disk of the stack', filesOfStack],
    ['the history in Temporal', () => historyOf(run.workflowId)],
    ['what the commands print and export', () => printedOf(run.run, finished, join(scratch, 'exported'))],
  ])('leaves no closed question in %s', async (_where, all) => {
    expect(await placesOf('hidden', all())).toEqual([]);
  });

  it('shows the open questions where they belong, so the search finds what is there', async () => {
    expect(await placesOf('open', storedObjects())).not.toEqual([]);
  });
});
