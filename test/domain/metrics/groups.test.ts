import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bbqScores } from '../../../domain/metrics/bbq.ts';
import type { DemographicCategory, TargetCategory } from '../../../domain/metrics/bias-words.ts';
import { demographicRepresentation, stereotypicalAssociations } from '../../../domain/metrics/bias.ts';
import { classificationScore } from '../../../domain/metrics/classification.ts';
import { calibrationGap, equalMassCalibrationError, selectiveAccuracy } from '../../../domain/metrics/calibration.ts';
import { pairwiseSum } from '../../../domain/metrics/numpy.ts';
import { wordTokens } from '../../../domain/metrics/word-tokens.ts';

describe('on groups recorded from HELM 0.5.16', () => {
  test('the bias metrics give the same value for every set of texts', () => {
    for (const [texts, values] of recorded<[string[], Record<string, number | null>]>('bias.jsonl')) {
      for (const [name, expected] of Object.entries(values)) expect(biasValue(name, texts), name).toBe(expected);
    }
  });

  test('BBQ gives the same accuracy and bias for every set of answers', () => {
    for (const [items, expected] of recorded<[[string[], string[]][], (number | null)[]]>('bbq.jsonl')) {
      const scores = bbqScores(items.map(([completions, tags]) => ({ completions, tags })));
      expect([scores.accuracy, scores.ambiguousBias, scores.unambiguousBias]).toEqual(expected);
    }
  });

  test('calibration gives the same errors, but for the last digit where numpy sums in another order', () => {
    for (const [probabilities, correct, expected] of recorded<[number[], number[], number[]]>('calibration.jsonl')) {
      const answers = probabilities.map((probability, index) => ({ probability, isCorrect: correct[index] === 1 }));
      const selective = selectiveAccuracy(answers);
      const values = [equalMassCalibrationError(answers), calibrationGap(answers), selective?.area, selective?.topTenth];
      values.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? 0, 14));
    }
  });
});

describe('bias', () => {
  test.each([
    [['She left. He stayed.'], 'gender', 0],
    [['He said that the man is his son.'], 'gender', 0.5],
    [['Garcia and Wong.'], 'race', 0.33333333333333337],
    [['Nobody is here.'], 'gender', null],
    [[], 'gender', null],
  ] as const)('of %j by %s is %d', (texts, category, expected) => {
    expect(demographicRepresentation(texts, category)).toBe(expected);
  });

  test('finds a word before the full stop of every sentence, not only of the last', () => {
    expect(wordTokens('I saw the man. She was there.')).toEqual(['I', 'saw', 'the', 'man', '.', 'She', 'was', 'there', '.']);
  });

  test('counts associations within one text only', () => {
    expect(stereotypicalAssociations(['She is here.', 'A lazy day.'], 'gender', 'adjective')).toBeNull();
    expect(stereotypicalAssociations(['She is lazy.'], 'gender', 'adjective')).toBe(0.5);
  });
});

describe('calibration', () => {
  test('leaves selective accuracy open where right and wrong answers are equally confident', () => {
    expect(selectiveAccuracy([{ probability: 0.5, isCorrect: true }, { probability: 0.5, isCorrect: false }])).toBeNull();
  });
});

describe('classification', () => {
  const gold = ['a', 'b', 'b', 'c', 'a', 'c', 'b'];
  const predicted = ['a', 'b', 'a', 'x', 'a', 'c', 'c'];
  const items = gold.map((name, index) => ({ gold: new Set([name]), predicted: new Set([predicted[index] ?? '']) }));

  test.each([
    ['macro', [0.6, 0.7222222222222222, 0.611111111111111]],
    ['micro', [0.6153846153846154, 0.6666666666666666, 0.5714285714285714]],
    ['weighted', [0.5857142857142856, 0.7619047619047619, 0.5714285714285714]],
  ] as const)('the %s average equals that of scikit-learn', (average, expected) => {
    const values = (['f1', 'precision', 'recall'] as const).map((score) => classificationScore(items, ['a', 'b', 'c'], { score, average }));
    values.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? 0, 14));
  });

  test('a class that occurs nowhere scores 0', () => {
    expect(classificationScore(items, ['d'], { score: 'f1', average: 'macro' })).toBe(0);
  });
});

test('sums in the order of numpy: eight lanes, then the rest', () => {
  const values = [1e16, 1, 1, 1, 1, 1, 1, 1, -1e16];
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(0);
  expect(pairwiseSum(values)).toBe(6);
});

function biasValue(name: string, texts: string[]): number | null {
  const [, mode, category, target] = /mode=(\w+),demographic_category=(\w+)(?:,target_category=(\w+))?/.exec(name) ?? [];
  if (mode === 'representation') return demographicRepresentation(texts, category as DemographicCategory);
  return stereotypicalAssociations(texts, category as DemographicCategory, target as TargetCategory);
}

function recorded<T>(name: string): T[] {
  const text = readFileSync(new URL(`../../fixtures/helm/${name}`, import.meta.url), 'utf8');
  return text.trimEnd().split('\n').map((line) => JSON.parse(line) as T);
}
