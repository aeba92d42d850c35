import { Split } from '../../../domain/adaptation/index.ts';
import { indexOf, textOf, textsOf, valueOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { answer, type FormatOptions, multipleChoice, options as optionsOf, type RawFormat, type RawInstance, splitOf } from './format.ts';

/**
 * Any other data set: records of JSON, JSON Lines, CSV or parquet. Options name the fields (dots go into objects): `input` (default
 * "input"), `answer` ("answer": a text, or a list of accepted ones) or, for multiple choice, `choices` and `answer` (number, letter or
 * text of the correct one), `split`. Tags of HELM's references may stand in `tags`.
 */
export const records: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['exact_match'],
  adaptation: (rows, options) => (rows.some((row) => valueOf(row, field(options, 'choices')) !== undefined) ? multipleChoice('Question') : {}),
  instances: (rows, options) => rows.map((row) => instance(row, options)),
};

function instance(row: Row, options: FormatOptions): RawInstance {
  const input = textOf(row, field(options, 'input'));
  const split = Split.optional().safeParse(valueOf(row, field(options, 'split')));
  if (!split.success) throw wrong(row, [field(options, 'split')], `is none of ${Split.options.join(', ')}`);
  const choices = valueOf(row, field(options, 'choices')) === undefined ? undefined : textsOf(row, field(options, 'choices'));
  const references = choices ? optionsOf(choices, correctOf(row, choices, field(options, 'answer'))) : answer(...answersOf(row, field(options, 'answer')));
  const tags = valueOf(row, field(options, 'tags')) === undefined ? [] : textsOf(row, field(options, 'tags'));
  return { input, references: references.map((reference) => ({ ...reference, tags })), split: split.data ?? splitOf(row) };
}

function answersOf(row: Row, name: string): string[] {
  return Array.isArray(valueOf(row, name)) ? textsOf(row, name) : [textOf(row, name)];
}

function correctOf(row: Row, choices: readonly string[], name: string): number {
  const value = valueOf(row, name);
  const byText = choices.indexOf(String(value));
  const letter = typeof value === 'string' && /^[A-Z]$/.test(value) ? value.charCodeAt(0) - 65 : undefined;
  const correct = byText >= 0 ? byText : (letter ?? indexOf(row, name));
  if (correct < choices.length) return correct;
  throw wrong(row, [name], 'is none of the choices');
}

function field(options: FormatOptions, name: string): string {
  return String(options[name] ?? name);
}
