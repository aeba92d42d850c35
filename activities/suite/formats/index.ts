import { gsm8k, math } from './arithmetic.ts';
import { bbq } from './bbq.ts';
import { bigBench } from './big-bench.ts';
import type { Format } from './format.ts';
import { helmRun } from './helm-run.ts';
import { corr2cause, ethics } from './judgements.ts';
import { lmEval } from './lm-eval.ts';
import { mmlu } from './mmlu.ts';
import { questions } from './questions.ts';
import { records } from './records.ts';
import { cnnDailyMail, samsum } from './summaries.ts';
import { truthfulQa } from './truthful-qa.ts';

/** What questions can be made of; the names stand in a suite's definition. */
export const formats = {
  mmlu,
  truthful_qa: truthfulQa,
  big_bench: bigBench,
  gsm8k,
  bbq,
  samsum,
  corr2cause,
  math,
  ethics,
  cnn_dailymail: cnnDailyMail,
  records,
  questions,
  helm_run: helmRun,
  lm_eval: lmEval,
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];
