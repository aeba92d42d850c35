import { describe, expect, it } from 'vitest';
import { Adaptation, buildPrompt, fitPrompt, type Instance, sampleExamples, type Tokenizer, withoutExamples } from '../../../domain/adaptation/index.ts';
import { readFixture } from './read-fixture.ts';

type RecordedInstance = [id: string, text: string, references: [text: string, correct: boolean][], split: Instance['split']];
type RecordedState = [id: string, trial: number, prompt: string, examples: number, truncated: boolean, choices: Record<string, string> | null];
interface Recorded {
  fields: Record<string, unknown>;
  window: number;
  instances: RecordedInstance[];
  states: RecordedState[];
}

/** HELM's names of the fields and ours. */
const names: Record<string, keyof Adaptation> = {
  method: 'method', instructions: 'instructions', input_prefix: 'inputPrefix', output_prefix: 'outputPrefix', output_suffix: 'outputSuffix', global_prefix: 'globalPrefix',
  global_suffix: 'globalSuffix', instance_prefix: 'instancePrefix', reference_prefix: 'referencePrefix', reference_suffix: 'referenceSuffix', multi_label: 'multiLabel',
  max_train_instances: 'examples', max_tokens: 'maxNewTokens', sample_train: 'drawExamples',
};

/** The tokenizer of record.py: a word with the white space before it. */
const words = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? [];
const tokenizer: Tokenizer = { count: async (text) => words(text).length, truncate: async (text, tokens) => words(text).slice(0, tokens).join('') };

function instanceOf([id, input, references, split]: RecordedInstance): Instance {
  return { id, input, references: references.map(([text, correct]) => ({ text, correct, tags: [] })), split };
}

async function adapted({ fields, window, instances }: Recorded, trials: number): Promise<RecordedState[]> {
  const renamed = Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name], value]));
  const all = instances.map(instanceOf);
  const states: RecordedState[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const adaptation = Adaptation.parse({ ...renamed, window, trial });
    const examples = sampleExamples(all.filter(({ split }) => split === 'train'), adaptation);
    for (const instance of all.filter(({ split }) => split !== 'train')) {
      const prompt = buildPrompt(instance, examples, adaptation);
      const fitted = await fitPrompt({ prompt: prompt.text, examples: prompt.examples, tokens: window, maxNewTokens: adaptation.maxNewTokens }, tokenizer);
      states.push([instance.id, trial, fitted.text, prompt.examples.length - fitted.examplesDropped, fitted.truncated, prompt.choices ?? null]);
    }
  }
  return states;
}

describe('prompts are those of HELM 0.5.16', () => {
  it.each(readFixture<Recorded[]>('prompts.json').map((recorded, index) => [index, recorded.fields['method'], recorded.window, recorded] as const))(
    'adaptation %i: %s in a window of %i',
    async (index, _method, _window, recorded) => {
      expect(await adapted(recorded, index < 2 ? 2 : 1)).toEqual(recorded.states);
    },
  );
});

describe('a window', () => {
  const request = { prompt: 'one two THREE', examples: [[0, 4], [4, 8]] as [number, number][], tokens: 20, maxNewTokens: 18 };

  it('costs no request where the bytes fit', async () => {
    const refusing: Tokenizer = { count: () => Promise.reject(new Error('asked')), truncate: () => Promise.reject(new Error('asked')) };
    expect(await fitPrompt({ ...request, tokens: 2_048 }, refusing)).toEqual({ text: request.prompt, examplesDropped: 0, truncated: false });
  });

  it('drops the last example first', async () => {
    expect(withoutExamples(request.prompt, request.examples, 1)).toBe('one THREE');
    expect(await fitPrompt(request, tokenizer)).toEqual({ text: 'one THREE', examplesDropped: 1, truncated: false });
  });

  it('cuts by characters where the server turns no tokens into text', async () => {
    const counting: Tokenizer = { count: async (text) => [...text].length, truncate: async () => undefined };
    expect(await fitPrompt({ ...request, tokens: 21 }, counting)).toEqual({ text: 'THR', examplesDropped: 2, truncated: true });
  });
});

it('takes examples from the instances without a label where HELM comes to no end', () => {
  const instances = [instanceOf(['a', 'a', [['yes', true]], 'train']), instanceOf(['b', 'b', [], 'train']), instanceOf(['c', 'c', [], 'train'])];
  const drawn = sampleExamples(instances, Adaptation.parse({ examples: 3 }));
  expect(drawn.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
});
