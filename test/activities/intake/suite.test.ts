import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSuite, storeSuite, type KeptSuite, type SuiteDependencies } from '../../../activities/intake/suite.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { stageContent } from '../../fixtures/suite-stage.ts';

const metrics = new Set(['exact_match']);
const hidden = 'What is the hidden number?';
let directory: string;
let store: ReturnType<typeof memoryStore>;
let dependencies: SuiteDependencies;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-suite-'));
  store = memoryStore();
  dependencies = { store, settings: { suiteKeyFile: join(directory, 'suite.key') } };
  await write('suite.key', `${'0a'.repeat(32)}\n`);
  await write('sums/open/two.jsonl', `\uFEFF${question('o1', '1+1')}\r\n${question('o2', '2+2')}\n`);
  await write('sums/closed/four.jsonl', question('c1', hidden));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a suite', () => {
  it('is kept with its closed stage encrypted, and read again with the key', async () => {
    const { suite, stored, artifacts } = await keep();
    expect(stored).toMatchObject({ name: 'sums', stages: { open: { encrypted: false }, closed: { encrypted: true, scenarios: [{ name: 'four', questions: 1 }] } } });
    expect(artifacts.map(({ path }) => path)).toEqual(['suite/suite.json', 'suite/open.json', 'suite/closed.json.encrypted']);
    expect([...store.objects.values()].some((bytes) => Buffer.from(bytes).includes('hidden'))).toBe(false);
    expect((await stageContent(dependencies, suite, 'open')).scenarios[0]?.questions.map(({ id }) => id)).toEqual(['o1', 'o2']);
    expect((await stageContent(dependencies, suite, 'closed')).scenarios[0]?.questions[0]).toMatchObject({ prompt: hidden, generation: { maxNewTokens: 50 } });
    expect(await loadSuite(store, suite)).toEqual({ suite, stored, artifacts });
  });

  it('is the same object for the same questions and key, and another one for another key', async () => {
    const first = await keep();
    expect((await keep()).suite).toBe(first.suite);
    await write('suite.key', '0b'.repeat(32));
    expect((await keep()).suite).not.toBe(first.suite);
  });

  it('takes its name from suite.yaml and needs no closed stage', async () => {
    await rm(join(directory, 'sums/closed'), { recursive: true });
    await rm(join(directory, 'suite.key'));
    await write('sums/suite.yaml', 'name: Sums\ndescription: adding\n');
    const { suite, stored } = await keep();
    expect(stored).toMatchObject({ name: 'Sums', description: 'adding' });
    await expect(stageContent(dependencies, suite, 'closed')).rejects.toMatchObject({ type: 'SUITE_INVALID' });
  });

  it.each([
    ['is missing', undefined, 'SUITE_KEY_MISSING', 'cannot be read'],
    ['is another one', '0b'.repeat(32), 'SUITE_KEY_MISSING', 'was encrypted with the key'],
    ['is no key', 'secret', 'SUITE_KEY_MISSING', '32 bytes'],
  ])('says that its key %s', async (_, key, type, words) => {
    const { suite } = await keep();
    await rm(join(directory, 'suite.key'));
    if (key !== undefined) await write('suite.key', key);
    await expect(stageContent(dependencies, suite, 'closed')).rejects.toMatchObject({ type, message: expect.stringContaining(words) });
  });

  it('says that its closed stage was changed', async () => {
    const { suite, stored } = await keep();
    const key = stored.stages.closed?.artifact.key ?? '';
    const bytes = Buffer.from(store.objects.get(key) ?? '');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    store.objects.set(key, bytes);
    await expect(stageContent(dependencies, suite, 'closed')).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
  });

  it.each([
    ['a broken line', 'open/two.jsonl', '{"id": "a"\n', 'open/two.jsonl line 1: is not valid JSON'],
    ['an empty line', 'open/two.jsonl', `${question('a', 'x')}\n\n${question('b', 'x')}\n`, 'open/two.jsonl line 2: is empty'],
    ['an id twice', 'open/three.jsonl', question('o2', 'x'), 'open/two.jsonl line 2: the id "o2" stands in open/three.jsonl line 1'],
    ['a metric that nobody knows', 'open/two.jsonl', question('a', 'x', 'magic'), 'open/two.jsonl line 1: metrics: "magic" is unknown'],
    ['a missing field', 'open/two.jsonl', '{"id":"a","prompt":"x","metrics":["exact_match"]}', 'open/two.jsonl line 1: references: '],
    ['an unknown field', 'open/two.jsonl', question('a', 'x').replace('{', '{"extra":1,'), 'open/two.jsonl line 1: '],
    ['an empty file', 'open/two.jsonl', '', 'open/two.jsonl: is empty'],
    ['bytes that are not UTF-8', 'open/two.jsonl', Buffer.from([0xff]), 'open/two.jsonl line 1: is not valid UTF-8'],
    ['an odd name', 'open/a b.jsonl', question('a', 'x'), 'open/a b.jsonl'],
    ['a wrong suite.yaml', 'suite.yaml', 'nam: x\n', 'suite.yaml'],
  ])('with %s is refused, by file and line', async (_, file, content, words) => {
    await write(`sums/${file}`, content);
    await expect(keep()).rejects.toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining(words) });
  });

  it.each([
    ['a broken line', `{"prompt": "${hidden}"`, 'closed/four.jsonl line 1: is not valid JSON'],
    ['an unknown field', question('c', hidden).replace('{', `{"${hidden}":1,`), 'closed/four.jsonl line 1: the line: unrecognized_keys'],
    ['a wrong type', question('c', hidden).replace('"exact_match"', `{"${hidden}":1}`), 'closed/four.jsonl line 1: metrics: invalid_type'],
    ['an unknown metric', question('c', 'x', hidden), 'closed/four.jsonl line 1: metrics: one of them is unknown'],
    ['an id twice', `${question(hidden, 'x')}\n${question(hidden, 'y')}`, 'closed/four.jsonl line 2: its id stands in closed/four.jsonl line 1'],
  ])('with %s in the closed stage says nothing of the question', async (_, content, words) => {
    await write('sums/closed/four.jsonl', content);
    const error = await keep().catch((each: unknown) => each);
    expect(error).toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining(words) });
    expect(String(error)).not.toContain('hidden');
  });

  it('without open questions is refused', async () => {
    await rm(join(directory, 'sums/open'), { recursive: true });
    await expect(keep()).rejects.toMatchObject({ type: 'SUITE_INVALID' });
    await expect(storeSuite(dependencies, join(directory, 'none'), metrics)).rejects.toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining('not a directory') });
  });
});

function keep(): Promise<KeptSuite> {
  return storeSuite(dependencies, join(directory, 'sums'), metrics);
}

function question(id: string, prompt: string, metric = 'exact_match'): string {
  return JSON.stringify({ id, prompt, references: ['2'], metrics: [metric] });
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}
