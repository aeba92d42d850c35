import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkContamination } from '../../../activities/contamination/check.ts';
import { trainingTexts } from '../../../activities/contamination/training-files.ts';
import type { TrainingText } from '../../../domain/contamination/index.ts';
import { GenerationSettings, limits, type SuiteStageContent } from '../../../domain/index.ts';
import { checkedQuestions } from '../../fixtures/checked-questions.ts';

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'reprise-training-'))));
afterAll(() => rm(directory, { recursive: true }));

async function textsOf(name: string, content: string | Uint8Array): Promise<Pick<TrainingText, 'text' | 'line' | 'continues'>[]> {
  const file = join(directory, name);
  await writeFile(file, content);
  const texts: TrainingText[] = [];
  for await (const text of trainingTexts(file)) texts.push(text);
  return texts.map(({ text, line, continues }) => ({ text, line, continues }));
}

const records = [{ instruction: 'one', nested: [{ content: 'two' }] }, { output: 'three\nfour' }];
const lines = records.map((record) => JSON.stringify(record)).join('\n');

describe('training data', () => {
  test.each<[string, string, string | Uint8Array]>([
    ['JSON lines', 'a.jsonl', `${lines}\n`],
    ['JSON lines packed with gzip', 'a.jsonl.gz', gzipSync(lines)],
    ['a JSON array', 'a.json', JSON.stringify(records, null, 2)],
  ])('in %s is a text a record, escapes undone', async (_name, file, content) => {
    expect(await textsOf(file, content)).toEqual([{ text: 'one\ntwo', line: 1, continues: false }, { text: 'three\nfour', line: 2, continues: false }]);
  });

  test('as text is a piece a paragraph', async () => {
    expect(await textsOf('a.txt', 'one\ntwo\n\n\nthree')).toEqual([{ text: 'one\ntwo\n\n', line: 1, continues: false }, { text: 'three\n', line: 5, continues: false }]);
  });

  test('in a paragraph without end goes on from piece to piece', async () => {
    const texts = await textsOf('long.txt', 'word\n'.repeat(limits.trainingTextCharacters));
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.map(({ continues }) => continues)).toEqual([false, ...Array<boolean>(texts.length - 1).fill(true)]);
  });

  test('in a line that is no JSON is looked through as it stands', async () => {
    expect((await textsOf('b.jsonl', '{"a": broken\n')).map(({ text }) => text)).toEqual(['{"a": broken']);
  });

  test('keeps a letter whole that two chunks share', async () => {
    const text = 'é'.repeat(2 ** 20 + 1);
    expect((await textsOf('c.txt', text)).map((piece) => piece.text).join('') === `${text}\n`).toBe(true);
  });

  test.each([
    ['is missing', 'nowhere.jsonl'],
    ['is broken JSON', 'broken.json'],
  ])('that %s is named', async (_name, name) => {
    if (name === 'broken.json') await writeFile(join(directory, name), '[1,');
    await expect(checkContamination([], [join(directory, name)])).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining(name) as string });
  });
});

test('a directory is looked through file by file', async () => {
  const question = 'Which river flows through the old town of Heidelberg and joins the Rhine near Mannheim?';
  const suite: SuiteStageContent = {
    stage: 'closed',
    scenarios: [{ name: 'facts', questions: [{ id: 'q', prompt: question, references: ['Neckar'], generation: GenerationSettings.parse({}), metrics: ['exact_match'] }] }],
  };
  await writeFile(join(directory, 'z.jsonl'), `${JSON.stringify({ text: 'nothing' })}\n${JSON.stringify({ text: `Q: ${question.toUpperCase()}` })}\n`);
  await rm(join(directory, 'broken.json'), { force: true });
  const report = await checkContamination(checkedQuestions(suite), [directory]);
  expect(report.questions).toMatchObject([{ id: 'q', first: { file: join(directory, 'z.jsonl'), line: 2 } }]);
});
