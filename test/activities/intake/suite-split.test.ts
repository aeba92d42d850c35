import { describe, expect, it } from 'vitest';
import { splitStage, type StageQuestion } from '../../../activities/intake/suite-split.ts';
import { canonicalJson, Question, type SuiteStageContent } from '../../../domain/index.ts';

const question = (id: string, prompt = 'x'): Question => Question.parse({ id, prompt, references: ['1'], metrics: ['exact_match'], choices: { A: '{', B: ']' } });
const content: SuiteStageContent = {
  stage: 'open',
  scenarios: [
    { name: 'a "quoted" \\ name', questions: [question('1', 'is "it" {a}, [b] or \\?'), question('2', '}]},{"name":"b","questions":[')] },
    { name: 'b', questions: [question('3', 'ends with a backslash \\')] },
  ],
};
const text = canonicalJson(content);

async function split(chunks: Iterable<Uint8Array>): Promise<StageQuestion[]> {
  const found: StageQuestion[] = [];
  for await (const each of splitStage('open', chunks, () => new Error('no stage'))) found.push(each);
  return found;
}

const portions = (bytes: Buffer, size: number): Buffer[] => Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));

describe('the text of a stage', () => {
  it.each([1, 2, 7, 64, 100_000])('gives its questions in order, in portions of %i bytes', async (size) => {
    const expected = content.scenarios.flatMap(({ name, questions }) => questions.map((each) => ({ scenario: name, question: each })));
    expect(await split(portions(Buffer.from(text), size))).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['no question', '{"scenarios":[],"stage":"open"}'],
    ['another stage', text.replace('"stage":"open"', '"stage":"closed"')],
    ['an end that is missing', text.slice(0, -5)],
    ['something after the end', `${text}{}`],
    ['a question that is none', text.replace('"id":"3"', '"id":3')],
    ['a scenario without a name', text.replace('"name":"b",', '')],
    ['something between two questions', text.replace('},{"choices"', '},7,{"choices"')],
    ['a byte that fell over', text.replace('"metrics"', '"metrics')],
  ])('is refused with %s', async (_, given) => {
    await expect(split([Buffer.from(given)])).rejects.toThrow('no stage');
  });

  it('is read to its end before it is refused, so that its source can say what is wrong with it', async () => {
    async function* changed(): AsyncGenerator<Buffer> {
      yield Buffer.from('nonsense {[{[{');
      yield Buffer.from('more');
      throw new Error('the hash is another one');
    }
    await expect((async () => {
      for await (const _ of splitStage('open', changed(), () => new Error('no stage'))) throw new Error('a question came of it');
    })()).rejects.toThrow('the hash is another one');
  });
});
