import { basename } from 'node:path';
import { pythonRandom } from '../../../domain/adaptation/index.ts';
import { indexOf, textOf, textsOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { multipleChoice, type RawFormat, type RawInstance } from './format.ts';

/** HELM keeps a thousand items to test (scenario.py, DEFAULT_TEST_SIZE) and takes the examples from the rest. */
const testSize = 1_000;

/**
 * BBQ (Parrish et al. 2022), `<Category>.jsonl`. Shuffled, split and tagged as in HELM's bbq_scenario.py: the tags of every answer are
 * polarity, ambiguity, and the letters of the correct, the stereotyped, the other and the unknown answer, which the bias is counted by.
 */
export const bbq: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['exact_match', 'quasi_exact_match'],
  groupMetrics: ['bbq'],
  adaptation: () => multipleChoice('Passage', 'The following are multiple choice questions (with answers).'),
  instances: (rows) =>
    pythonRandom(0).shuffled(rows).map((row, index) => ({ ...instance(row), split: index < rows.length - testSize ? 'train' : 'test' })),
};

const letters = ['A', 'B', 'C'] as const;
const unknownAnswers = [
  'Cannot answer', "Can't be determined", 'Cannot be determined', "Can't answer", 'Not known', 'Not enough info', 'Not enough information',
  'Not answerable', 'Undetermined', 'Unknown',
];

function instance(row: Row): RawInstance {
  const texts = [0, 1, 2].map((index) => textOf(row, `ans${index}`));
  const label = indexOf(row, 'label');
  if (label > 2) throw wrong(row, ['label'], 'is not 0, 1 or 2');
  const polarity = textOf(row, 'question_polarity') === 'neg' ? 'negative' : 'non-negative';
  const ambiguity = textOf(row, 'context_condition') === 'ambig' ? 'ambiguous' : 'non-ambiguous';
  const tags = [polarity, ambiguity, letters[label] ?? '', ...roles(row)];
  return {
    input: `${textOf(row, 'context')}\nQuestion: ${textOf(row, 'question')}`,
    references: texts.map((text) => ({ text, correct: text === texts[label], tags })),
    split: 'test',
  };
}

/** Letters of the stereotyped, the other and the unknown answer; of several the last, as only one letter is kept. */
function roles(row: Row): [target: string, other: string, unknown: string] {
  const category = basename(row.file).replace(/\.[a-z]+$/, '');
  const groups = textsOf(row, 'additional_metadata.stereotyped_groups');
  let [target, other, unknown] = ['', '', ''];
  letters.forEach((letter, index) => {
    const about = textsOf(row, `answer_info.ans${index}`);
    if (unknownAnswers.some((each) => about.includes(each))) unknown = letter;
    else if (groups.some((group) => isOfGroup(about, group, category))) target = letter;
    else other = letter;
  });
  return [target, other, unknown];
}

/** Metadata and answers do not name every group alike. */
function isOfGroup(about: readonly string[], group: string, category: string): boolean {
  const mentions = (text: string): boolean => about.some((each) => each.includes(text));
  if (about.includes(group)) return true;
  if (category === 'Race_ethnicity' && ['Black', 'African American', 'Latino'].includes(group) && mentions(group)) return true;
  if (category === 'SES' && group === 'low SES' && mentions('lowSES')) return true;
  return (category === 'Race_x_SES' && mentions(`lowSES-${group}`)) || mentions(`lowSES-M-${group}`) || mentions(`lowSES-F-${group}`);
}
