import { lastPiece } from './python-text.ts';

/*
 * HELM 0.5.16, evaluate_reference_metrics.py, iou_set_match / f1_set_match / exact_set_match: answers such as "x is red and
 * blue." as sets. Of a prediction only the first line counts. An empty reference set ("Nothing.") scores 1 against an empty one.
 */

/** `iou_set_match`: size of the intersection over size of the union. */
export function iouSetMatch(gold: string, prediction: string): number {
  return compare(gold, prediction, (common, goldSize, predictedSize) => common / (goldSize + predictedSize - common));
}

/** `f1_set_match`: twice the intersection over the sum of the sizes. */
export function f1SetMatch(gold: string, prediction: string): number {
  return compare(gold, prediction, (common, goldSize, predictedSize) => (2 * common) / (goldSize + predictedSize));
}

/** `exact_set_match`: 1 where both sets are equal. */
export function exactSetMatch(gold: string, prediction: string): number {
  return compare(gold, prediction, (common, goldSize, predictedSize) => (common === goldSize && common === predictedSize ? 1 : 0));
}

type Measure = (common: number, goldSize: number, predictedSize: number) => number;

function compare(gold: string, prediction: string, measure: Measure): number {
  const goldSet = setOf(gold);
  const predictedSet = setOf(prediction.split('\n', 1)[0] ?? '');
  if (goldSet.size === 0) return predictedSet.size === 0 ? 1 : 0;
  const common = [...goldSet].filter((element) => predictedSet.has(element)).length;
  return measure(common, goldSet.size, predictedSet.size);
}

function setOf(text: string): Set<string> {
  if (text === 'Nothing.') return new Set();
  return new Set(lastPiece(text.replaceAll('.', ''), ' is ').split(' and '));
}
