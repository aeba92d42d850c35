import { numpyMean } from './numpy.ts';

/** The model's confidence in an answer and whether the answer was right. */
export interface ConfidentAnswer {
  probability: number;
  isCorrect: boolean;
}

/*
 * HELM 0.5.16, helm/benchmark/metrics/basic_metrics.py, compute_calibration_metrics, which calls the package uncertainty-calibration
 * (Kumar, Liang and Ma 2019, arXiv 1909.10155). Its Platt-scaled values come from an iterative optimiser and are not recomputed.
 */

/** `ece_10_bin`: expected calibration error over bins of about equally many answers. */
export function equalMassCalibrationError(answers: readonly ConfidentAnswer[], bins = 10): number {
  const sorted = answers.map(({ probability }) => probability).sort((a, b) => a - b);
  const parts = arraySplit(sorted, Math.min(bins, sorted.length));
  const edges = parts.slice(1).map((part, index) => ((parts[index]?.at(-1) ?? 0) + (part[0] ?? 0)) / 2);
  return calibrationError(answers, [...new Set([...edges, 1])].sort((a, b) => a - b));
}

/** `ece_1_bin`: the difference between mean confidence and accuracy. */
export function calibrationGap(answers: readonly ConfidentAnswer[]): number {
  return calibrationError(answers, [1]);
}

/**
 * `selective_cov_acc_area` and `selective_acc@10`: accuracy when the least confident answers are left out. Null where right and
 * wrong answers are equally confident: numpy's sort leaves their order open.
 */
export function selectiveAccuracy(answers: readonly ConfidentAnswer[]): { area: number; topTenth: number } | null {
  const sorted = [...answers].sort((a, b) => b.probability - a.probability);
  const isOpen = sorted.some(({ probability, isCorrect }, index) => {
    const before = sorted[index - 1];
    return before?.probability === probability && before.isCorrect !== isCorrect;
  });
  if (isOpen) return null;
  let correct = 0;
  const accuracies = sorted.map(({ isCorrect }, index) => (correct += Number(isCorrect)) / (index + 1));
  return { area: numpyMean(accuracies), topTenth: accuracies[Math.trunc(0.1 * sorted.length)] ?? Number.NaN };
}

function calibrationError(answers: readonly ConfidentAnswer[], edges: readonly number[]): number {
  const errors = edges.map((edge, index) => {
    const lower = edges[index - 1] ?? Number.NEGATIVE_INFINITY;
    // The last bin also takes what is above it, as the original's slicing does.
    const isLast = index === edges.length - 1;
    const bin = answers.filter(({ probability }) => probability > lower && (isLast || probability <= edge));
    if (bin.length === 0) return 0;
    const confidence = numpyMean(bin.map(({ probability }) => probability));
    const accuracy = numpyMean(bin.map(({ isCorrect }) => Number(isCorrect)));
    return (bin.length / answers.length) * Math.abs(confidence - accuracy);
  });
  return errors.reduce((sum, error) => sum + error, 0);
}

/** numpy.array_split: parts of equal length, the first ones longer by one. */
function arraySplit(values: readonly number[], parts: number): number[][] {
  const size = Math.floor(values.length / parts);
  const longer = values.length % parts;
  let start = 0;
  return Array.from({ length: parts }, (_, index) => values.slice(start, (start += size + (index < longer ? 1 : 0))));
}
