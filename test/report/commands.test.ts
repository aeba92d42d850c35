import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportRun } from '../../activities/audit/export.ts';
import { type Handler, reply } from '../activities/evaluate/answer-server.ts';
import { startJudgeServer } from '../activities/judge/judge-server.ts';
import { evaluatedRun, type TestQuestion } from '../activities/report/evaluated-run.ts';

const root = join(import.meta.dirname, '..', '..');
let directory: string;

const questions = (prefix: string): TestQuestion[] => Array.from({ length: 6 }, (_, index) => ({ id: `${prefix}${index}`, prompt: `What is ${prefix}${index}?`, references: [`${prefix}${index}`] }));

/** Right up to a number; the sixth request fails. */
function upTo(least: number): Handler {
  return ({ prompt }, response) => {
    if (prompt.includes('5?')) return void response.writeHead(400).end(prompt);
    return reply(response, Number(/\d/.exec(prompt)?.[0]) < least ? (/(\w\d)\?/.exec(prompt)?.[1] ?? '') : 'no');
  };
}

/** The command as a person runs it, in an installation without a stack. */
async function reprise(...args: string[]): Promise<{ exitCode?: number | undefined; stdout: string; stderr: string }> {
  const env = { REPRISE_HOME: join(directory, 'home'), REPRISE_CACHE: join(directory, 'cache') };
  return execa('node', [join(root, 'cli', 'main.ts'), ...args], { cwd: directory, env, reject: false, preferLocal: true, localDir: root });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-commands-'));
  for (const [run, least] of [['alpha-0001', 4], ['beta-0002', 2]] as const) {
    const { store } = await evaluatedRun(directory, run, { open: { sums: questions('o') }, closed: { hidden: questions('c') } }, upTo(least));
    await exportRun(store, run, join(directory, run), { isPrivate: true });
  }
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

describe('from exported runs to a report', { timeout: 60_000 }, () => {
  test('`results` collects them and `analyse` writes the report', async () => {
    const collected = await reprise('results', 'alpha-0001', 'beta-0002', '--suite-key', 'suite.key');
    expect(collected).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('--metrics all gives each metric a column') });
    await writeFile(join(directory, 'results.json'), collected.stdout);
    const analysed = await reprise('analyse', 'results.json', '--rule', 'pairwise', '--bootstrap', '100', '--out', 'report');
    expect(analysed.exitCode).toBe(0);
    expect(analysed.stdout).toMatch(/1 {5}alpha-0001/);
    expect(analysed.stderr).toContain('open report/report.html');
  });

  test('`diagnose` tells the submitter counts, and the organiser questions', async () => {
    const submitter = await reprise('diagnose', 'alpha-0001', '--suite-key', 'suite.key');
    expect(submitter.stdout).toMatch(/closed: score 0\.6667, 5 answered, 1 failed, 0 unanswered\n.*http-400 +1/);
    expect(submitter.stdout).toContain('o5');
    expect(submitter.stdout).not.toContain('c5');
    const organiser = await reprise('diagnose', 'alpha-0001', '--organiser', '--suite-key', 'suite.key', '--json');
    expect(JSON.parse(organiser.stdout)).toMatchObject({ schema: 'reprise.diagnosis/v1', stages: [{}, { items: [{ id: 'c0', prompt: 'What is c0?' }, {}, {}, {}, {}, {}] }] });
  });

  test('`judge` asks the endpoint that the operator gives', async () => {
    await using server = await startJudgeServer(() => '{"score": 4}');
    await writeFile(join(directory, 'judges.yaml'), ['a', 'b'].map((name) => `${name === 'a' ? 'judges:\n' : ''}  - {name: ${name}, baseUrl: "${server.baseUrl}", model: ${name}}\n`).join(''));
    await writeFile(join(directory, 'items.jsonl'), '{"id":"1","prompt":"p","answer":"x"}\n');
    const judged = await reprise('judge', 'judges.yaml', 'items.jsonl', '--json');
    expect(JSON.parse(judged.stdout)).toMatchObject({ schema: 'reprise.judgement/v1', ranked: false, mean: 0.75, cost: { requests: 2, cached: 0 } });
    const again = await reprise('judge', 'judges.yaml', 'items.jsonl', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ mean: 0.75, cost: { requests: 0, cached: 2 } });
  });

  test('`contamination` says no where a question or a forbidden base model is found', async () => {
    const prompt = 'Which river flows through the old town of Heidelberg and joins the Rhine near Mannheim?';
    await evaluatedRun(directory, 'long', { open: { facts: [{ id: 'f', prompt, references: ['Neckar'] }] } }, ({ prompt: asked }, response) => reply(response, asked));
    await writeFile(join(directory, 'train.jsonl'), `${JSON.stringify({ text: prompt })}\n`);
    await writeFile(join(directory, 'clean.txt'), 'Nothing of the kind.\n');
    expect((await reprise('contamination', 'suite-long', 'train.jsonl')).exitCode).toBe(1);
    expect((await reprise('contamination', 'suite-long', 'clean.txt', '--base-model', 'mistralai/Mistral-7B-v0.1')).exitCode).toBe(0);
    const tuned = await reprise('contamination', 'suite-long', 'clean.txt', '--base-model', 'google/flan-t5-xl');
    expect([tuned.exitCode, tuned.stdout]).toEqual([1, expect.stringContaining('instruction-tuned') as string]);
  });

  test.each([
    ['a table that is none', ['analyse', 'items.jsonl']],
    ['training data that is not there', ['contamination', 'suite-alpha-0001', 'nowhere.jsonl']],
    ['judges that are none', ['judge', 'items.jsonl', 'items.jsonl']],
  ])('%s ends with exit code 2 and a next step', async (_name, args) => {
    const ended = await reprise(...args);
    expect([ended.exitCode, ended.stderr]).toEqual([2, expect.stringContaining('Next:') as string]);
  });
});
