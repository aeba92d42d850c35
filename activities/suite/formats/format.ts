import type { z } from 'zod';
import type { Adaptation, Instance, Reference, Split } from '../../../domain/adaptation/index.ts';
import type { GroupMetric, Question } from '../../../domain/index.ts';
import type { Row } from '../rows.ts';

export type FormatOptions = Readonly<Record<string, string | number | boolean>>;

/** A data set in its published layout: records become instances, which adaptation makes prompts of. */
export interface RawFormat {
  kind: 'raw';
  /** Whether its CSV files name their columns. */
  header: boolean;
  /** How the contest or HELM asks it, unless the definition says otherwise. */
  adaptation(rows: readonly Row[], options: FormatOptions): z.input<typeof Adaptation>;
  metrics: readonly string[];
  groupMetrics?: readonly GroupMetric[];
  /** Failures: SUITE_INVALID naming file and line. */
  instances(rows: readonly Row[], options: FormatOptions): RawInstance[];
}
export type RawInstance = Omit<Instance, 'id'>;

/** Prompts that another tool has finished: taken as they are, the surest way to identical items. */
export interface FinishedFormat {
  kind: 'finished';
  /** Failures: SUITE_INVALID, HELM_RUN_INVALID. */
  questions(path: string, name: string, options: FormatOptions): Promise<Question[]>;
}

export type Format = RawFormat | FinishedFormat;

/** HELM's multiple-choice adaptation: five examples, one new token (common_adapter_specs.py). */
export function multipleChoice(inputNoun: string, instructions = ''): z.input<typeof Adaptation> {
  return {
    method: 'multiple_choice_joint',
    instructions: instructions === '' ? '' : `${instructions}\n`,
    inputPrefix: `${inputNoun}: `,
    outputPrefix: 'Answer: ',
    maxNewTokens: 1,
    stop: ['\n'],
  };
}

export function options(texts: readonly string[], correct: number): Reference[] {
  return texts.map((text, index) => ({ text, correct: index === correct, tags: [] }));
}

export function answer(...texts: string[]): Reference[] {
  return texts.map((text) => ({ text, correct: true, tags: [] }));
}

export function splitOf(row: Row, otherwise: Split = 'test'): Split {
  return row.split ?? otherwise;
}
