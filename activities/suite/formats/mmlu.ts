import { basename } from 'node:path';
import { indexOf, textOf, textsOf, valueOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { type FormatOptions, multipleChoice, options as optionsOf, type RawFormat, type RawInstance, splitOf } from './format.ts';

/**
 * MMLU (Hendrycks et al. 2021): `<subject>_{dev,val,test}.csv` without a header (question, options, letter), or the rows of the hub's
 * parquet files (question, choices, answer as a number). As in HELM every option that reads like the correct one is correct.
 */
export const mmlu: RawFormat = {
  kind: 'raw',
  header: false,
  metrics: ['exact_match', 'quasi_exact_match', 'prefix_exact_match', 'quasi_prefix_exact_match'],
  adaptation: (rows, options) =>
    multipleChoice('Question', `The following are multiple choice questions (with answers) about ${subjectOf(rows, options).replaceAll('_', ' ')}.`),
  instances: (rows) => rows.map((row) => (valueOf(row, 'question') === undefined ? fromCells(row) : fromRecord(row))),
};

function subjectOf(rows: readonly Row[], { subject }: FormatOptions): string {
  const [row] = rows;
  return String(subject ?? (row && valueOf(row, 'subject')) ?? basename(row?.file ?? '').replace(/_(dev|val|test)\.[a-z]+$/, ''));
}

function fromCells(row: Row): RawInstance {
  const cells = Object.values(row.value).map(String);
  const letter = cells.at(-1) ?? '';
  const correct = 'ABCDE'.indexOf(letter);
  if (cells.length < 4 || letter.length !== 1 || correct < 0 || correct >= cells.length - 2) throw wrong(row, ['the line'], 'is not question, options and letter');
  return instance(row, cells[0] ?? '', cells.slice(1, -1), correct);
}

function fromRecord(row: Row): RawInstance {
  const choices = textsOf(row, 'choices');
  const correct = indexOf(row, 'answer');
  if (correct >= choices.length) throw wrong(row, ['answer'], 'is no number of an option');
  return instance(row, textOf(row, 'question'), choices, correct);
}

function instance(row: Row, input: string, choices: string[], correct: number): RawInstance {
  const references = optionsOf(choices, correct).map((reference) => ({ ...reference, correct: reference.text === choices[correct] }));
  return { input, references, split: splitOf(row) };
}
