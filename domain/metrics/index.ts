import * as match from './match.ts';
import { mathEquivalent, mathEquivalentChainOfThought } from './math-equivalence.ts';
import { strip } from './python-text.ts';
import { rougeL, rougeN } from './rouge.ts';
import { exactSetMatch, f1SetMatch, iouSetMatch } from './sets.ts';

/** One reference against one prediction; a fraction in [0, 1]. */
export type PairMetric = (gold: string, prediction: string) => number;

/** HELM's names (HELM 0.5.16, evaluate_reference_metrics.py, compute_reference_metrics) and what computes them. */
const pairMetrics: ReadonlyMap<string, PairMetric> = new Map<string, PairMetric>([
  ['exact_match', match.exactMatch],
  ['quasi_exact_match', match.quasiExactMatch],
  ['quasi_leave_articles_exact_match', match.quasiLeaveArticlesExactMatch],
  ['prefix_exact_match', match.prefixExactMatch],
  ['quasi_prefix_exact_match', match.quasiPrefixExactMatch],
  ['f1_score', match.f1Score],
  ['exact_match_indicator', match.exactMatchIndicator],
  ['final_number_exact_match', match.finalNumberExactMatch],
  ['math_equiv', mathEquivalent],
  ['math_equiv_chain_of_thought', mathEquivalentChainOfThought],
  ['rouge_1', rougeN(1)],
  ['rouge_2', rougeN(2)],
  ['rouge_l', rougeL],
  ['iou_set_match', iouSetMatch],
  ['f1_set_match', f1SetMatch],
  ['exact_set_match', exactSetMatch],
]);

/** The names that scoreMetric and scorePair know. */
export const metricNames: ReadonlySet<string> = new Set(pairMetrics.keys());

export interface MetricInput {
  /** The server's text as it came; null where there is none. */
  prediction: string | null;
  /** The accepted answers. */
  references: readonly string[];
  /** Multiple choice: the text that each letter stands for (HELM's output_mapping). */
  choices?: Readonly<Record<string, string>>;
}

/**
 * The value of one answer as a HELM run has it: the text is stripped, a letter is replaced by the text it stands for (any other
 * text scores 0), and the best reference counts. Null where the answer or the references are missing: the caller decides what
 * missing is worth. Throws a RangeError for a name that is not in metricNames.
 */
export function scoreMetric(name: string, { prediction, references, choices }: MetricInput): number | null {
  return prediction === null ? scorePair(name, null, references) : scoreCompletion(name, { text: prediction, references, choices });
}

export interface Completion {
  text: string;
  references: readonly string[];
  choices?: Readonly<Record<string, string>> | undefined;
  /** Where the answer is in the text, as a Python regular expression (HELM's output_mapping_pattern); its first group, else all. */
  pattern?: string | undefined;
}

/** scoreMetric for an answer that is there, with HELM's output_mapping_pattern. */
export function scoreCompletion(name: string, { text, references, choices, pattern }: Completion): number | null {
  const stripped = strip(text);
  if (choices === undefined) return scorePair(name, stripped, references);
  const letter = pattern === undefined ? stripped : extract(pattern, stripped);
  const option = Object.hasOwn(choices, letter) ? choices[letter] : undefined;
  const value = scorePair(name, option ?? stripped, references);
  return value === null || option !== undefined ? value : 0;
}

/**
 * The value of HELM's function `name` on exactly these texts, best over the references: nothing is stripped or mapped before.
 * Null where prediction or references are missing. Throws a RangeError for a name that is not in metricNames.
 */
export function scorePair(name: string, prediction: string | null, references: readonly string[]): number | null {
  const metric = pairMetrics.get(name);
  if (metric === undefined) throw new RangeError(`There is no metric "${name}"; there are: ${[...metricNames].join(', ')}.`);
  if (prediction === null || references.length === 0) return null;
  return Math.max(...references.map((reference) => metric(reference, prediction)));
}

function extract(pattern: string, text: string): string {
  const match = new RegExp(pattern, 'u').exec(text);
  return match?.[1] ?? match?.[0] ?? '';
}
