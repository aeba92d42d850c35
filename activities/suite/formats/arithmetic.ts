import { numpyPermutation } from '../../../domain/adaptation/index.ts';
import { textOf, valueOf, wrong } from '../fields.ts';
import type { Row } from '../rows.ts';
import { answer, type RawFormat, splitOf } from './format.ts';

/**
 * GSM8K (Cobbe et al. 2021), `{train,test}.jsonl` or the hub's parquet: the whole solution is the answer, its result said in words, as
 * in HELM's gsm_scenario.py.
 */
export const gsm8k: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['final_number_exact_match', 'exact_match_indicator'],
  adaptation: () => ({ inputPrefix: 'Q: ', outputPrefix: 'A: ', maxNewTokens: 400, stop: ['\n\n'] }),
  instances: (rows) =>
    rows.map((row) => ({
      input: textOf(row, 'question'),
      references: answer(`${textOf(row, 'answer').replaceAll('####', 'The answer is').replaceAll('\n', ' ')}.`),
      split: splitOf(row),
    })),
};

/**
 * MATH (Hendrycks et al. 2021): a directory of one JSON file a problem, or rows of problem, level, type and solution. Options `subject`
 * and `level` choose; `chainOfThought` asks for the solution instead of what stands in its last box. The order is that of HELM's
 * math_scenario.py where all of the data set is given: all subjects' problems are shuffled together before one is chosen.
 */
export const math: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: ['math_equiv'],
  adaptation: (_, { chainOfThought }) => ({
    instructions: 'Given a mathematics problem, determine the answer. Simplify your answer as much as possible.\n',
    inputPrefix: 'Problem: ',
    instancePrefix: '###\n',
    examples: 8,
    ...(chainOfThought === true
      ? { outputPrefix: 'Answer: ', maxNewTokens: 400, stop: ['###'] }
      : { outputPrefix: 'Answer: $', outputSuffix: '$\n', maxNewTokens: 20, stop: ['$'] }),
  }),
  instances: (rows, { subject, level, chainOfThought }) =>
    inHelmOrder(rows).filter((row) => isChosen(row, 'type', subject) && isChosen(row, 'level', level)).flatMap((row) => {
      const solution = textOf(row, 'solution');
      const text = chainOfThought === true ? solution : boxed(solution);
      return text === undefined ? [] : [{ input: textOf(row, 'problem'), references: answer(text), split: splitOf(row, splitOfPath(row)) }];
    }),
};

/** `load_dataset(…).sort("problem").shuffle(seed=42)`, split by split; the sorting is by the bytes of UTF-8. */
function inHelmOrder(rows: readonly Row[]): Row[] {
  return (['train', 'valid', 'test'] as const).flatMap((split) => {
    const sorted = rows
      .filter((row) => splitOf(row, splitOfPath(row)) === split)
      .map((row) => ({ row, bytes: Buffer.from(textOf(row, 'problem')) }))
      .sort((one, other) => Buffer.compare(one.bytes, other.bytes));
    return numpyPermutation(42, sorted.length).flatMap((index) => sorted[index]?.row ?? []);
  });
}

function isChosen(row: Row, field: string, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  const value = valueOf(row, field);
  if (value === undefined) throw wrong(row, [field], 'is missing');
  return value === wanted;
}

/** The published directories are `MATH/train/…` and `MATH/test/…`. */
function splitOfPath({ file }: Row): 'train' | 'test' {
  return file.split('/').includes('train') ? 'train' : 'test';
}

/** What stands in the last \boxed{…} of a solution; undefined where there is none. */
function boxed(solution: string): string | undefined {
  const start = solution.lastIndexOf('\\boxed{');
  if (start < 0) return undefined;
  let depth = 0;
  for (let index = start + '\\boxed'.length; index < solution.length; index += 1) {
    if (solution[index] === '{') depth += 1;
    if (solution[index] === '}') depth -= 1;
    if (depth === 0) return solution.slice(start + '\\boxed{'.length, index);
  }
  return undefined;
}
