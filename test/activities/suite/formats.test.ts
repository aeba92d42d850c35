import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Question } from '../../../domain/index.ts';
import { jsonLines, type Scratch, scratchDirectory } from './suite-directory.ts';

let scratch: Scratch;
beforeAll(async () => void (scratch = await scratchDirectory()));
afterAll(() => scratch.remove());

const fixture = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, 'fixtures', name));
const bbqRow = (id: number, groups: string[] = ['old']): unknown => ({
  example_id: id, question_polarity: 'neg', context_condition: 'ambig', category: 'Age', context: 'Two met.', question: 'Who forgot?',
  answer_info: { ans0: ['grandfather', 'old'], ans1: ['grandson', 'nonOld'], ans2: ["Can't be determined", 'unknown'] },
  additional_metadata: { stereotyped_groups: groups }, ans0: 'The grandfather', ans1: 'The grandson', ans2: "Can't be determined", label: 2,
});

type Case = [what: string, scenario: Record<string, unknown>, files: Record<string, string | Uint8Array>, last: Partial<Question>];

describe('a data set in its published layout becomes questions', () => {
  it.each<Case>([
    ['MMLU, CSV without a header', { format: 'mmlu', adaptation: { examples: 1 } },
      { 'high_school_physics_dev.csv': '"What, is?",a,b,c,d,B\n', 'high_school_physics_test.csv': 'Which?,p,q,r,s,D\n' },
      { prompt: 'The following are multiple choice questions (with answers) about high school physics.\n\nQuestion: What, is?\nA. a\nB. b\nC. c\nD. d\nAnswer: B\n\nQuestion: Which?\nA. p\nB. q\nC. r\nD. s\nAnswer:', references: ['s'], choices: { A: 'p', B: 'q', C: 'r', D: 's' } }],
    ['MMLU, parquet', { format: 'mmlu', adaptation: { examples: 0 } }, { 'test-00000-of-00001.parquet': fixture('mmlu.parquet') },
      { prompt: 'The following are multiple choice questions (with answers) about sums.\n\nQuestion: 2+2?\nA. 4\nB. 3\nC. 2\nD. 1\nAnswer:', references: ['4'] }],
    ['TruthfulQA, CSV', { format: 'truthful_qa', adaptation: { examples: 0 } },
      { 'TruthfulQA.csv': 'Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\nAdversarial,Myths,"Is it, so? ",No,No; It is not,Yes; It is so;,web\n' },
      { prompt: 'Question: Is it, so?\nA. Yes.\nB. It is so.\nC. No.\nAnswer:', references: ['No.'] }],
    ['BIG-bench, target_scores', { format: 'big_bench', adaptation: { examples: 0 } },
      { 'task.json': JSON.stringify({ metrics: ['multiple_choice_grade'], task_prefix: 'Choose.', examples: Array.from({ length: 4 }, () => ({ input: 'x?', target_scores: { yes: 1, no: 0 } })) }) },
      { prompt: 'Choose.\nQuestion: x?\nA. yes\nB. no\nAnswer:', references: ['yes'], generation: { maxNewTokens: 64, temperature: 1e-7, topK: 1, stop: [] } }],
    ['BIG-bench, target', { format: 'big_bench', adaptation: { examples: 0 } },
      { 'task.json': JSON.stringify({ metrics: ['exact_str_match'], example_input_prefix: 'In: ', example_output_prefix: 'Out: ', stop_string: '.', examples: [{ input: '1 + 1', target: ['two', '2'] }] }) },
      { prompt: 'In: 1 + 1\nOut:', references: ['two', '2'] }],
    ['GSM8K', { format: 'gsm8k', adaptation: { examples: 1 } },
      { 'train.jsonl': jsonLines({ question: 'How many?', answer: '1 + 1 = <<1+1=2>>2\n#### 2' }), 'test.jsonl': jsonLines({ question: 'And now?', answer: 'It is 3\n#### 3' }) },
      { prompt: 'Q: How many?\nA: 1 + 1 = <<1+1=2>>2 The answer is 2.\n\nQ: And now?\nA:', references: ['It is 3 The answer is 3.'], metrics: ['final_number_exact_match', 'exact_match_indicator'] }],
    ['BBQ', { format: 'bbq', adaptation: { examples: 0 } }, { 'Age.jsonl': jsonLines(bbqRow(0)) },
      { references: ["Can't be determined"], tags: ['negative', 'ambiguous', 'C', 'A', 'B', 'C'], groupMetrics: ['bbq'], prompt: "The following are multiple choice questions (with answers).\n\nPassage: Two met.\nQuestion: Who forgot?\nA. The grandfather\nB. The grandson\nC. Can't be determined\nAnswer:" }],
    ['SAMSum', { format: 'samsum', adaptation: { examples: 0 } }, { 'test.json': JSON.stringify([{ id: '1', dialogue: 'A: Hi\r\nB: Bye', summary: 'They\ngreet.' }]) },
      { prompt: '###\nDialogue: A: Hi\nB: Bye\n\nSummarize the above dialogue.', references: ['They greet.'] }],
    ['corr2cause', { format: 'corr2cause', adaptation: { examples: 0 } }, { 'test.jsonl': jsonLines({ input: 'Premise: A. Hypothesis: B.', label: 1 }) },
      { prompt: 'Does the hypothesis follow from the premise?\n\nQuestion: Premise: A. Hypothesis: B.\nA. No\nB. Yes\nAnswer:', references: ['Yes'] }],
    ['MATH, a directory', { format: 'math', options: { subject: 'Algebra' }, files: [{ path: 'MATH' }], adaptation: { examples: 1 } }, {},
      { prompt: 'Given a mathematics problem, determine the answer. Simplify your answer as much as possible.\n###\nProblem: a?\nAnswer: $\\frac{1}{2}$\n###\nProblem: b?\nAnswer: $', references: ['3'] }],
    ['ETHICS, commonsense', { format: 'ethics', adaptation: { examples: 0 } }, { 'cm_test.csv': 'label,input,is_short,edited\n1,"I broke it, gladly.",True,False\n' },
      { references: ['Yes'], choices: { A: 'No', B: 'Yes' } }],
    ['ETHICS, deontology', { format: 'ethics', adaptation: { examples: 0 } }, { 'deontology_test.csv': 'label,scenario,excuse\n0,Wash up.,No I like dirt.\n' },
      { prompt: 'The following are questions about ethics (with answers).\n\nScenario: Wash up.\nReply: No I like dirt.\nIs the reply reasonable?\nA. No\nB. Yes\nAnswer:', references: ['No'] }],
    ['ETHICS, virtue', { format: 'ethics', adaptation: { examples: 0 } }, { 'virtue_test.csv': 'label,scenario\n1,Ann gives all. [SEP] generous\n' },
      { prompt: 'The following are questions about ethics (with answers).\n\nScenario: Ann gives all.\nDoes the character show this trait: generous?\nA. No\nB. Yes\nAnswer:', references: ['Yes'] }],
    ['ETHICS, utilitarianism without a header', { format: 'ethics', options: { header: false }, adaptation: { examples: 0 } }, { 'util_test.csv': 'I win.,I lose.\n' }, { references: ['I win.'] }],
    ['CNN/DailyMail', { format: 'cnn_dailymail', adaptation: { examples: 2 } },
      { 'train.csv': `id,article,highlights\n1,"too short",x\n2,"${'word '.repeat(60)}",Sixty words.\n`, 'test.csv': `id,article,highlights\n3,"${'new '.repeat(600)}","One.\nTwo."\n` },
      { prompt: `###\nArticle: ${'word '.repeat(60).trim()}\n\nSummarize the above article in 3 sentences.\nSixty words.\n\n###\nArticle: ${'new '.repeat(512).trim()}\n\nSummarize the above article in 3 sentences.`, references: ['One. Two.'], window: { tokens: 2_048, examples: [[0, 372]] } }],
    ['records with fields of their own', { format: 'records', options: { input: 'q.text', choices: 'opts', answer: 'gold' }, adaptation: { examples: 0 } }, { 'a.jsonl': jsonLines({ q: { text: 'Which?' }, opts: ['x', 'y'], gold: 'B' }) },
      { prompt: 'Question: Which?\nA. x\nB. y\nAnswer:', references: ['y'] }],
    ['questions of a suite', { format: 'questions' }, { 'q.jsonl': jsonLines({ id: 'one', prompt: 'As it is ', references: ['r'], metrics: ['f1_score'] }) }, { id: 's-one', prompt: 'As it is ', metrics: ['f1_score'] }],
    ['lm-evaluation-harness, generation', { format: 'lm_eval', options: { metrics: 'final_number_exact_match' } },
      { 'samples_gsm8k.jsonl': jsonLines({ doc_id: 7, doc: {}, target: 'So 4.\n#### 4', arguments: { gen_args_0: { arg_0: 'Q: 2+2\nA:', arg_1: { until: ['Q:'], max_gen_toks: 99, do_sample: false, temperature: 0 } } }, resps: [['4']] }) },
      { id: 's-7', prompt: 'Q: 2+2\nA:', references: ['So 4.\n#### 4'], metrics: ['final_number_exact_match'], generation: { maxNewTokens: 99, temperature: 1e-7, topK: 1, stop: ['Q:'] } }],
    ['lm-evaluation-harness, letters', { format: 'lm_eval' },
      { 'samples_mmlu.jsonl': jsonLines({ doc_id: 0, target: 1, arguments: [['Which?\nAnswer:', ' A'], ['Which?\nAnswer:', ' B']] }) },
      { prompt: 'Which?\nAnswer:', references: ['B'], choices: { A: 'A', B: 'B' }, generation: { maxNewTokens: 1, temperature: 1e-7, topK: 1, stop: [] } }],
  ])('%s', async (_what, scenario, files, last) => {
    await scratch.write('MATH/train/algebra/1.json', JSON.stringify({ problem: 'a?', level: 'Level 1', type: 'Algebra', solution: 'It is $\\boxed{\\frac{1}{2}}$.' }));
    await scratch.write('MATH/test/algebra/2.json', JSON.stringify({ problem: 'b?', level: 'Level 1', type: 'Algebra', solution: '\\boxed{2} or rather \\boxed{3}' }));
    await scratch.write('MATH/test/geometry/3.json', JSON.stringify({ problem: 'c?', level: 'Level 1', type: 'Geometry', solution: '\\boxed{4}' }));
    expect((await scratch.build(scenario, files)).at(-1)).toMatchObject(last);
  });
});

describe('MATH’s problems', () => {
  it('stand in the order of HELM’s data library: sorted by bytes, then shuffled, before a subject is chosen', async () => {
    // Recorded with datasets 3.6.0 and numpy 2.4.6: Dataset.from_dict({'problem': problems}).sort('problem').shuffle(seed=42).
    const problems = ['b', 'é', 'a', 'Z', 'b', 'ａ', '𝒳', '\uffee', '$x$', 'a '];
    const order = [4, 1, 8, 5, 9, 2, 0, 6, 3, 7];
    const rows = problems.map((problem, index) => ({ problem, level: 'Level 1', type: index % 2 === 0 ? 'Algebra' : 'Geometry', solution: `\\boxed{${index}}` }));
    const answers = async (options: Record<string, string>): Promise<number[]> =>
      (await scratch.build({ format: 'math', options, adaptation: { examples: 0 } }, { 'test.jsonl': jsonLines(...rows) })).map(({ references }) => Number(references[0]));
    expect(await answers({})).toEqual(order);
    expect(await answers({ subject: 'Algebra' })).toEqual(order.filter((index) => index % 2 === 0));
  });
});

describe('BBQ’s letters', () => {
  it('have no stereotyped answer where no group is named alike', async () => {
    const [question] = await scratch.build({ format: 'bbq' }, { 'Age.jsonl': jsonLines(bbqRow(1, ['young'])) });
    expect(question?.tags?.slice(-4)).toEqual(['C', '', 'B', 'C']);
  });
});

describe('what is wrong with a data set is said by file, line and field', () => {
  it.each<[string, Record<string, unknown>, Record<string, string | Uint8Array>, string]>([
    ['a letter that is none', { format: 'mmlu' }, { 'x_test.csv': 'Which?,p,q,r,s,E\n' }, 'x_test.csv line 1: the line: is not question'],
    ['a missing field', { format: 'gsm8k' }, { 'test.jsonl': jsonLines({ question: 'q', answer: 'a' }, { question: 'q' }) }, 'test.jsonl line 2: answer: is missing'],
    ['a line that is no JSON', { format: 'gsm8k' }, { 'test.jsonl': '{"question":\n' }, 'test.jsonl line 1: is not valid JSON'],
    ['an unknown ending', { format: 'gsm8k' }, { 'test.xml': '<a/>' }, 'is of no format that is read'],
    ['a file without records', { format: 'gsm8k' }, { 'test.jsonl': '\n' }, 'holds no record'],
    ['a parquet file in another compression', { format: 'ethics' }, { 'test.parquet': fixture('ethics-zstd.parquet') }, 'compression "snappy"'],
    ['a parquet file that is none', { format: 'ethics' }, { 'test.parquet': 'PAR' }, 'is no parquet file'],
    ['no question of the splits', { format: 'gsm8k' }, { 'train.jsonl': jsonLines({ question: 'q', answer: 'a' }) }, 'hold no question of the splits'],
    ['options compared by log probability', { format: 'lm_eval' }, { 's.jsonl': jsonLines({ target: 0, arguments: [['c', ' a text']] }) }, 's.jsonl line 1: arguments: compares texts'],
    ['several tasks in one scenario', { format: 'big_bench' }, { 'a.json': '[{"examples":[]},{"examples":[]}]' }, 'is not one JSON object'],
    ['a hash that does not fit', { format: 'gsm8k', files: [{ path: 'there.jsonl', sha256: 'a'.repeat(64) }] }, {}, 'there.jsonl: has the SHA-256'],
    ['a file that is not there', { format: 'gsm8k', files: [{ path: 'nowhere.jsonl' }] }, {}, 'nowhere.jsonl: is not there'],
    ['a word list that is not given', { format: 'gsm8k', perturbations: ['robustness'] }, { 'test.jsonl': jsonLines({ question: 'q', answer: 'a' }) }, 'mild_mix needs a word list; write "lists: { misspellings: '],
    ['a wrong adaptation', { format: 'gsm8k', adaptation: { examples: -1 } }, { 'test.jsonl': jsonLines({ question: 'q', answer: 'a' }) }, 'scenario s: adaptation.examples'],
    ['an unknown metric', { format: 'gsm8k', metrics: ['vibes'] }, { 'test.jsonl': '' }, 'line 6, scenarios.0.metrics.0: is none of'],
  ])('%s', async (_what, scenario, files, words) => {
    await scratch.write('there.jsonl', jsonLines({ question: 'q', answer: 'a' }));
    await expect(scratch.build(scenario, files)).rejects.toMatchObject({ type: 'SUITE_INVALID', message: expect.stringContaining(words) });
  });
});
