import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeSuite } from '../../../activities/intake/suite.ts';
import { buildSuite } from '../../../activities/suite/build.ts';
import { lintSuite, viewSuite } from '../../../activities/suite/inspect.ts';
import { encryptSuite, sampleSuite } from '../../../activities/suite/reshape.ts';
import { GroupMetric } from '../../../domain/index.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { jsonLines, readQuestions, type Scratch, scratchDirectory } from './suite-directory.ts';
import { stageContent } from '../../fixtures/suite-stage.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples', 'suites');
const hidden = 'What is the hidden word?';
let scratch: Scratch;
let dependencies: { settings: { suiteKeyFile: string } };

beforeEach(async () => {
  scratch = await scratchDirectory();
  dependencies = { settings: { suiteKeyFile: await scratch.write('suite.key', `${'0a'.repeat(32)}\n`) } };
  await scratch.write('suite/open/a.jsonl', jsonLines(question('a1', 'one?'), question('a2', 'two?'), question('a3', 'three?')));
  await scratch.write('suite/open/b.jsonl', jsonLines(question('b1', 'four?'), { ...question('b1~typos', 'foru?'), perturbation: { name: 'typos', kind: 'robustness', of: 'b1' } }));
  await scratch.write('suite/closed/c.jsonl', jsonLines(question('c1', hidden), question('c2', `${hidden} Now.`)));
});
afterEach(() => scratch.remove());

function question(id: string, prompt: string): Record<string, unknown> {
  return { id, prompt, references: ['x'], metrics: ['exact_match'] };
}
const suite = (name = 'suite'): string => scratch.path(name);

describe('the bundled suite', () => {
  it('is what its definition builds', async () => {
    await buildSuite(join(examples, 'metrics.yaml'), suite('metrics'));
    const files = await readdir(suite('metrics/open'));
    expect(files).toEqual(await readdir(join(examples, 'metrics', 'open')));
    for (const file of ['suite.yaml', ...files.map((name) => `open/${name}`)]) {
      expect(await readFile(suite(`metrics/${file}`), 'utf8')).toBe(await readFile(join(examples, 'metrics', file), 'utf8'));
    }
  });

  it('has every metric, and nothing wrong', async () => {
    const { scenarios, canary } = await viewSuite(dependencies, join(examples, 'metrics'));
    expect(new Set(scenarios.flatMap(({ metrics }) => metrics))).toEqual(new Set([...metricNames, ...GroupMetric.options]));
    expect(canary).toMatch(/^reprise-canary [0-9a-f]{32}/);
    expect(await lintSuite(dependencies, join(examples, 'metrics'))).toMatchObject({ errors: [], warnings: [] });
  });
});

describe('a sealed closed stage', () => {
  beforeEach(() => encryptSuite(dependencies, suite(), suite('sealed')));

  it('is one file without a word of the questions, and asks the same', async () => {
    expect((await readdir(suite('sealed'))).sort()).toEqual(['closed.sealed', 'open', 'suite.yaml']);
    const bytes = await readFile(suite('sealed/closed.sealed'));
    expect(bytes.includes('hidden')).toBe(false);
    const store = memoryStore();
    const plain = await storeSuite({ store, ...dependencies }, suite(), metricNames);
    const sealed = await storeSuite({ store, ...dependencies }, suite('sealed'), metricNames);
    expect(await stageContent({ store, ...dependencies }, sealed.suite, 'closed')).toEqual(await stageContent({ store, ...dependencies }, plain.suite, 'closed'));
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['another key', () => scratch.write('suite.key', '0b'.repeat(32)), 'was sealed with the key'],
    ['a changed byte', async () => {
      const bytes = await readFile(suite('sealed/closed.sealed'));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await scratch.write('sealed/closed.sealed', bytes);
    }, 'was changed since it was sealed'],
    ['a changed count', async () => {
      const bytes = await readFile(suite('sealed/closed.sealed'));
      await scratch.write('sealed/closed.sealed', Buffer.from(bytes.toString('latin1').replace('"questions":2', '"questions":3'), 'latin1'));
    }, 'was changed since it was sealed'],
    ['no header', () => scratch.write('sealed/closed.sealed', 'x'), 'closed.sealed line 1'],
    ['a closed directory beside it', () => scratch.write('sealed/closed/c.jsonl', jsonLines(question('c9', 'x'))), 'stands beside closed/'],
    ['an id that is open too', () => scratch.write('sealed/open/a.jsonl', jsonLines(question('c1', 'x'))), 'closed/c.jsonl line 1: its id stands in open/a.jsonl line 1'],
  ])('with %s is refused', async (_what, change, words) => {
    await scratch.write('sealed/suite.yaml', 'name: s\n');
    await change();
    const stored = storeSuite({ store: memoryStore(), ...dependencies }, suite('sealed'), metricNames);
    await expect(stored).rejects.toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining(words) });
  });

  it('stays sealed when it is sampled', async () => {
    await sampleSuite(dependencies, suite('sealed'), suite('coarse'), 4, '1');
    expect((await readdir(suite('coarse'))).sort()).toEqual(['closed.sealed', 'open', 'suite.yaml']);
  });
});

describe('a coarse round', () => {
  it('takes as many of each scenario, copies with their question, and is a suite', async () => {
    const taken = await sampleSuite(dependencies, suite(), suite('coarse'), 4, '1');
    expect(taken).toEqual([
      { name: 'a', stage: 'open', questions: 2, of: 3 },
      { name: 'b', stage: 'open', questions: 2, of: 2 },
      { name: 'c', stage: 'closed', questions: 2, of: 2 },
    ]);
    expect(await lintSuite(dependencies, suite('coarse'))).toMatchObject({ errors: [] });
    expect((await readQuestions(suite('coarse/open/b.jsonl'))).map(({ id }) => id)).toEqual(['b1', 'b1~typos']);
  });

  it('is refused where the budget leaves a scenario empty', async () => {
    await expect(sampleSuite(dependencies, suite(), suite('coarse'), 1, '1')).rejects.toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining('leaves none') });
  });
});

describe('lint', () => {
  it('names every problem by file and line, and nothing of a closed question', async () => {
    await scratch.write('suite/open/a.jsonl', `${jsonLines(question('a1', 'x'))}{"id"\n\n${jsonLines({ ...question('a1', 'y') }, { ...question('a4', 'y'), references: [] })}`);
    await scratch.write('suite/closed/c.jsonl', `{"prompt": "${hidden}"\n${jsonLines({ ...question('c1', hidden), metrics: [hidden] })}`);
    const { errors } = await lintSuite(dependencies, suite());
    expect(errors.map((each) => each.split(':')[0])).toEqual([
      'open/a.jsonl line 2', 'open/a.jsonl line 3', 'open/a.jsonl line 4', 'open/a.jsonl line 5', 'closed/c.jsonl line 1', 'closed/c.jsonl line 2',
    ]);
    expect(errors.join('\n')).not.toContain('hidden');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a reference that is no choice', { ...question('n', 'p'), choices: { A: 'y' } }, 'no reference is one of the choices'],
    ['an empty reference', { ...question('n', 'p'), references: [' '] }, 'every reference is empty'],
    ['a copy of nothing', { ...question('n', 'p'), perturbation: { name: 'typos', kind: 'robustness', of: 'gone' } }, 'a question that is not there'],
    ['bbq without tags', { ...question('n', 'p'), groupMetrics: ['bbq'] }, 'bbq needs six tags'],
    ['a prompt that stands there already', question('n', 'one?'), 'has the same prompt as open/a.jsonl line 1'],
  ])('warns of %s', async (_what, line, words) => {
    await scratch.write('suite/open/z.jsonl', jsonLines(line));
    const { errors, warnings } = await lintSuite(dependencies, suite());
    expect(errors).toEqual([]);
    expect(warnings.join('\n')).toContain(words);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a file that is not the described one', () => scratch.write('suite/suite.yaml', `scenarios: [{name: a, stage: open, questions: 3, sha256: ${'a'.repeat(64)}}]\n`), 'suite.yaml line 1: says another SHA-256 than open/a.jsonl has'],
    ['a scenario that is not there', () => scratch.write('suite/suite.yaml', `scenarios: [{name: n, stage: open, questions: 3, sha256: ${'a'.repeat(64)}}]\n`), 'names open/n.jsonl'],
    ['a prompt of 2 MB', () => scratch.write('suite/open/a.jsonl', jsonLines(question('a1', 'x'), question('a2', 'x'.repeat(2_000_000)))), 'open/a.jsonl line 2: prompt: has 2000000 characters'],
    ['a window without room', () => scratch.write('suite/open/a.jsonl', jsonLines({ ...question('a1', 'x'), window: { tokens: 20 }, generation: { maxNewTokens: 20 } })), 'open/a.jsonl line 1: window: 20 tokens leave no room'],
    ['examples outside of the prompt', () => scratch.write('suite/open/a.jsonl', jsonLines({ ...question('a1', 'x'), window: { tokens: 200, examples: [[0, 9]] } })), 'open/a.jsonl line 1: window: the examples'],
  ])('names %s', async (_what, change, words) => {
    await change();
    expect((await lintSuite(dependencies, suite())).errors.join('\n')).toContain(words);
  });

  const described = (questions: number): string => `name: s\nscenarios:\n  - {name: b, stage: open, questions: ${questions}, sha256: ${'a'.repeat(64)}}\n`;
  it.each<[string, () => Promise<unknown>, () => string, RegExp]>([
    ['a file in the place of the directory', async () => undefined, () => join(suite(), 'open', 'a.jsonl'), /is not a directory; name the one of the suite/],
    ['a directory that is not there', async () => undefined, () => join(suite(), 'gone'), /is not a directory/],
    ['a broken line of a described scenario', async () => [await scratch.write('suite/open/b.jsonl', '{"id"\n'), await scratch.write('suite/suite.yaml', described(1))], suite, /^open\/b\.jsonl line 1: is not valid JSON$/],
    ['a broken line of the only scenario', async () => [await rm(join(suite(), 'open', 'b.jsonl')), await scratch.write('suite/open/a.jsonl', '{"id"\n')], suite, /^open\/a\.jsonl line 1: is not valid JSON$/],
    ['another number of questions', async () => [await scratch.write('suite/open/b.jsonl', jsonLines(question('b1', 'x'))), await scratch.write('suite/suite.yaml', described(2))], suite, /^suite\.yaml line 3: says that open\/b\.jsonl has 2 questions, and it has 1; build the suite again/],
    ['the name of a scenario', () => scratch.write('suite/open/a b.jsonl', jsonLines(question('b1', 'x'))), suite, /^open\/a b\.jsonl: the name of a scenario/],
    ['a sealed stage that is none', async () => [await rm(join(suite(), 'closed'), { recursive: true, force: true }), await scratch.write('suite/closed.sealed', 'no'), await scratch.write('suite/suite.yaml', described(1).replaceAll('open', 'closed'))], suite, /^closed\.sealed/],
  ])('says one thing of %s, and not what follows from it', async (_what, change, directory, words) => {
    await change();
    const { errors } = await lintSuite(dependencies, directory());
    expect(errors).toEqual([expect.stringMatching(words)]);
  });

  it('names the line of a prompt of 100 MB without reading it into memory', async () => {
    await scratch.write('suite/open/a.jsonl', `${jsonLines(question('a1', 'x'))}${JSON.stringify(question('a2', 'x'.repeat(100_000_000)))}\n`);
    const { errors } = await lintSuite(dependencies, suite());
    expect(errors).toEqual(['open/a.jsonl line 2: is larger than 8388608 bytes; shorten its prompt']);
  });
});
