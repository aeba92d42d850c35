import { stem } from './porter-stemmer.ts';

/*
 * ROUGE (Lin 2004) as HELM 0.5.16 calls it (evaluate_reference_metrics.py, get_rouge_function): the F-measure of the package
 * rouge-score with Porter stemming.
 */

/** `rouge_1`, `rouge_2`: F-measure of the common n-grams, counted with repetition. */
export function rougeN(size: number): (gold: string, prediction: string) => number {
  return (gold, prediction) => {
    const goldCounts = ngramCounts(tokens(gold), size);
    const predictedCounts = ngramCounts(tokens(prediction), size);
    let common = 0;
    for (const [ngram, count] of goldCounts) common += Math.min(count, predictedCounts.get(ngram) ?? 0);
    return fMeasure(common / Math.max(total(predictedCounts), 1), common / Math.max(total(goldCounts), 1));
  };
}

/** `rouge_l`: F-measure of the longest common subsequence. */
export function rougeL(gold: string, prediction: string): number {
  const goldTokens = tokens(gold);
  const predictedTokens = tokens(prediction);
  if (goldTokens.length === 0 || predictedTokens.length === 0) return 0;
  const common = longestCommonSubsequence(goldTokens, predictedTokens);
  return fMeasure(common / predictedTokens.length, common / goldTokens.length);
}

/** Runs of ASCII letters and digits in lower case; those longer than three characters are stemmed. */
function tokens(text: string): string[] {
  const found = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return found.map((token) => (token.length > 3 ? stem(token) : token));
}

function ngramCounts(list: string[], size: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index + size <= list.length; index += 1) {
    const ngram = list.slice(index, index + size).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

function total(counts: Map<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

function longestCommonSubsequence(left: string[], right: string[]): number {
  let above = new Uint32Array(right.length + 1);
  for (const token of left) {
    const row = new Uint32Array(right.length + 1);
    for (let column = 1; column <= right.length; column += 1) {
      const diagonal = above[column - 1] ?? 0;
      row[column] = token === right[column - 1] ? diagonal + 1 : Math.max(above[column] ?? 0, row[column - 1] ?? 0);
    }
    above = row;
  }
  return above[right.length] ?? 0;
}

function fMeasure(precision: number, recall: number): number {
  return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
}
