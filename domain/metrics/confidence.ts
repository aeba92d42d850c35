import { calibrationGap, type ConfidentAnswer, equalMassCalibrationError, selectiveAccuracy } from './calibration.ts';

/**
 * Metrics of how certain a server says it is, by the names of HELM 0.5.16 (helm/benchmark/metrics/basic_metrics.py,
 * compute_calibration_metrics, compute_language_modeling_metrics, compute_perplexity_metrics).
 */
const calibrationMetrics = ['ece_10_bin', 'ece_1_bin', 'selective_cov_acc_area', 'selective_acc@10'] as const;
const languageMetrics = ['perplexity', 'bits_per_byte', 'logprob_per_byte'] as const;
export const confidenceMetrics = [...calibrationMetrics, 'max_prob', 'logprob', 'num_perplexity_tokens', 'num_bytes', ...languageMetrics] as const;
export type ConfidenceMetric = (typeof confidenceMetrics)[number];

export function isConfidenceMetric(name: string): name is ConfidenceMetric {
  return (confidenceMetrics as readonly string[]).includes(name);
}

/** The tokens of an answer: how many, the sum of their log-probabilities, and their bytes. */
export interface TokenLogprobs {
  count: number;
  sum: number;
  bytes: number;
}

/** What a server says of one answer, and whether it was right. */
export interface StatedConfidence {
  /** Of the whole answer. */
  logprob: number | undefined;
  tokens: TokenLogprobs | undefined;
  isCorrect: boolean;
}

export interface ConfidenceValues {
  /** Answers that say how certain they are; the values are theirs. */
  given: number;
  /** Null where it has no value: none is given, or the given ones leave it open. */
  values: Record<ConfidenceMetric, number | null>;
}

/**
 * The metrics over these answers. Log-probabilities that are all zero count as not given, as in HELM, whose clients put 0 where a model
 * gives none; unlike there, an answer without any is left out, and does not count as certain.
 */
export function confidenceValues(answers: readonly StatedConfidence[]): ConfidenceValues {
  const isGiven = answers.some(({ tokens, logprob }) => (tokens?.sum ?? logprob ?? 0) < 0);
  const stated = isGiven ? answers.filter(({ tokens, logprob }) => logprob !== undefined || tokens !== undefined) : [];
  const confident = stated.map(({ tokens, logprob, isCorrect }): ConfidentAnswer => ({ probability: Math.exp(logprob ?? tokens?.sum ?? 0), isCorrect }));
  const read = stated.flatMap(({ tokens }) => tokens ?? []);
  const sumOf = (part: keyof TokenLogprobs): number => read.reduce((sum, tokens) => sum + tokens[part], 0);
  const meanOf = (sum: number, of: readonly unknown[]): number | null => (of.length === 0 ? null : sum / of.length);
  const total = { count: sumOf('count'), sum: sumOf('sum'), bytes: sumOf('bytes') };
  const values = {
    ...calibrationValues(confident),
    max_prob: meanOf(confident.reduce((sum, { probability }) => sum + probability, 0), confident),
    logprob: meanOf(total.sum, read),
    num_perplexity_tokens: meanOf(total.count, read),
    num_bytes: meanOf(total.bytes, read),
    ...languageValues(total),
  };
  const finite = Object.entries(values).map(([name, value]) => [name, value !== null && Number.isFinite(value) ? value : null]);
  return { given: stated.length, values: Object.fromEntries(finite) as ConfidenceValues['values'] };
}

/** compute_calibration_metrics without its Platt scaling, an iterative fit. Null where there is no answer, or HELM's sort leaves the value open. */
export function calibrationValues(answers: readonly ConfidentAnswer[]): Record<(typeof calibrationMetrics)[number], number | null> {
  const isEmpty = answers.length === 0;
  const selective = isEmpty ? null : selectiveAccuracy(answers);
  return {
    ece_10_bin: isEmpty ? null : equalMassCalibrationError(answers),
    ece_1_bin: isEmpty ? null : calibrationGap(answers),
    selective_cov_acc_area: selective?.area ?? null,
    'selective_acc@10': selective?.topTenth ?? null,
  };
}

/** compute_perplexity_metrics, over all tokens of all answers. Null where there are none. */
export function languageValues({ count, sum, bytes }: TokenLogprobs): Record<(typeof languageMetrics)[number], number | null> {
  return {
    perplexity: count > 0 ? Math.exp(-sum / count) : null,
    bits_per_byte: bytes > 0 ? -sum / bytes / Math.LN2 : null,
    logprob_per_byte: bytes > 0 ? sum / bytes : null,
  };
}

/** get_num_bytes: a token is text, or "bytes:\xe2\x80" for bytes that are no whole character. */
export function tokenBytes(text: string): number {
  return text.startsWith('bytes:') ? text.split('\\x').length - 1 : new TextEncoder().encode(text).length;
}
