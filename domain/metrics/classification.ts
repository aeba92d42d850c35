import { numpyMean } from './numpy.ts';

/** The classes that an item has and those that were predicted for it. */
export interface ClassifiedItem {
  gold: ReadonlySet<string>;
  predicted: ReadonlySet<string>;
}

export type ClassificationScore = 'f1' | 'precision' | 'recall';
export type ClassificationAverage = 'macro' | 'micro' | 'weighted';

/**
 * HELM 0.5.16, helm/benchmark/metrics/classification_metrics.py, through scikit-learn's f1_score, precision_score and recall_score:
 * over the population, a class at a time ("macro", "weighted" by its frequency) or all decisions together ("micro"). A score whose
 * denominator is 0 is 0. Predictions of none of the classes count for no class.
 */
export function classificationScore(
  items: readonly ClassifiedItem[],
  classes: readonly string[],
  { score, average }: { score: ClassificationScore; average: ClassificationAverage },
): number {
  const counts = classes.map((name) => countsOf(items, name));
  if (average === 'micro') return scoreOf(counts.reduce(add, { hits: 0, gold: 0, predicted: 0 }), score);
  const scores = counts.map((each) => scoreOf(each, score));
  if (average === 'macro') return numpyMean(scores);
  const total = counts.reduce((sum, { gold }) => sum + gold, 0);
  return total === 0 ? 0 : counts.reduce((sum, { gold }, index) => sum + (scores[index] ?? 0) * gold, 0) / total;
}

/** The score of one class. */
export function classScore(items: readonly ClassifiedItem[], name: string, score: ClassificationScore): number {
  return scoreOf(countsOf(items, name), score);
}

interface Counts {
  hits: number;
  gold: number;
  predicted: number;
}

function countsOf(items: readonly ClassifiedItem[], name: string): Counts {
  return items.reduce<Counts>(
    (counts, { gold, predicted }) =>
      add(counts, { hits: Number(gold.has(name) && predicted.has(name)), gold: Number(gold.has(name)), predicted: Number(predicted.has(name)) }),
    { hits: 0, gold: 0, predicted: 0 },
  );
}

function add(left: Counts, right: Counts): Counts {
  return { hits: left.hits + right.hits, gold: left.gold + right.gold, predicted: left.predicted + right.predicted };
}

function scoreOf({ hits, gold, predicted }: Counts, score: ClassificationScore): number {
  const [numerator, denominator] = score === 'f1' ? [2 * hits, gold + predicted] : [hits, score === 'precision' ? predicted : gold];
  return denominator === 0 ? 0 : numerator / denominator;
}
