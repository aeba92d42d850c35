import { words } from '../../../domain/metrics/python-text.ts';
import { textOf, valueOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { multipleChoice, type RawFormat, type RawInstance } from './format.ts';

/**
 * TruthfulQA (Lin et al. 2022), the generation task's table with its best and its incorrect answers (TruthfulQA.csv, or the hub's
 * parquet). As in HELM's truthful_qa_scenario.py the first fifth of the questions gives the examples, each answer ends with a full
 * stop, and the options are turned by the code of the best answer's first character.
 */
export const truthfulQa: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['exact_match', 'quasi_exact_match', 'prefix_exact_match', 'quasi_prefix_exact_match'],
  adaptation: () => multipleChoice('Question'),
  instances: (rows) => rows.map((row, index) => instance(row, index < Math.trunc(rows.length * 0.2))),
};

function instance(row: Row, isTrain: boolean): RawInstance {
  const best = sentence(textOf(row, 'best_answer'));
  if (best === '') throw wrong(row, ['best_answer'], 'is empty');
  const incorrect = valueOf(row, 'incorrect_answers');
  const others = (Array.isArray(incorrect) ? incorrect.map(String) : textOf(row, 'incorrect_answers').split(';')).map(sentence).filter((text) => text !== '');
  const references = [...others.map((text) => ({ text, correct: false, tags: [] })), { text: best, correct: true, tags: [] }];
  const turn = (best.codePointAt(0) ?? 0) % references.length;
  return { input: textOf(row, 'question').trim(), references: [...references.slice(turn), ...references.slice(0, turn)], split: isTrain ? 'train' : 'valid' };
}

function sentence(text: string): string {
  const stripped = text.trim();
  return words(stripped).length === 0 || stripped.endsWith('.') ? stripped : `${stripped}.`;
}
