import { pythonRandom, type Reference } from '../../../domain/adaptation/index.ts';
import { textOf, valueOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { answer, type RawFormat, type RawInstance } from './format.ts';

/**
 * BIG-bench (Srivastava et al. 2022), a task's `task.json`; examples have `target_scores` (multiple choice) or `target`, and BIG-Bench
 * Hard's files the same in other words (`examples: [{input, target}]`). Shuffled and split as in HELM's big_bench_scenario.py: a fifth
 * and at least 16 to test, as many to valid, the rest for examples. Prefixes and stop are the task's.
 */
export const bigBench: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['exact_match', 'quasi_exact_match'],
  adaptation: (rows) => {
    const task = taskOf(rows).value;
    const text = (name: string, otherwise: string): string => (typeof task[name] === 'string' ? task[name] : otherwise);
    const isChoice = Array.isArray(task['metrics']) && task['metrics'].includes('multiple_choice_grade');
    return {
      method: isChoice ? 'multiple_choice_joint' : 'generation',
      instructions: text('task_prefix', ''),
      inputPrefix: text('example_input_prefix', 'Question: '),
      outputPrefix: text('example_output_prefix', 'Answer: '),
      maxNewTokens: 64,
      ...(typeof task['stop_string'] === 'string' && task['stop_string'] !== '' ? { stop: [task['stop_string']] } : {}),
    };
  },
  instances: (rows) => {
    const task = taskOf(rows);
    const examples = valueOf(task, 'examples');
    if (!Array.isArray(examples) || examples.length === 0) throw wrong(task, ['examples'], 'is missing or no list');
    const parsed = examples.map((value, index) => instance({ ...task, value: value as Record<string, unknown> }, index));
    const held = Math.max(Math.trunc(0.2 * parsed.length), 16);
    const train = parsed.length - 2 * held;
    return pythonRandom(0).shuffled(parsed).map((each, index) => ({ ...each, split: index < train ? 'train' : index < train + held ? 'test' : 'valid' }));
  },
};

function taskOf(rows: readonly Row[]): Row {
  const [task, ...others] = rows;
  if (!task || others.length > 0) throw wrong(task ?? { file: 'task.json', line: 1, value: {}, split: undefined }, ['the task'], 'is not one JSON object; give each task a scenario of its own');
  return task;
}

function instance(row: Row, index: number): RawInstance {
  return { input: textOf(row, 'input'), references: referencesOf(row, index), split: 'train' };
}

function referencesOf(row: Row, index: number): Reference[] {
  const scores = valueOf(row, 'target_scores');
  if (typeof scores === 'object' && scores !== null) {
    const entries = Object.entries(scores as Record<string, number>);
    const highest = Math.max(...entries.map(([, score]) => score));
    return entries.map(([text, score]) => ({ text, correct: score === highest, tags: [] }));
  }
  const target = valueOf(row, 'target');
  const targets = Array.isArray(target) ? target : [target];
  if (!targets.every((each) => typeof each === 'string')) throw wrong(row, [`examples.${index}.target`], 'is missing or no text');
  return answer(...targets);
}
