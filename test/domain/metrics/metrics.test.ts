import { describe, expect, test } from 'vitest';
import { scoreMetric, scorePair } from '../../../domain/metrics/index.ts';

describe('rules that are easy to get wrong', () => {
  test.each([
    ['exact_match', '', '', 0, 'an empty prediction scores 0 even against an empty reference'],
    ['exact_match', '\x1fParis\x85', 'Paris', 1, "Python's white space is stripped"],
    ['exact_match', '\ufeffParis', 'Paris', 0, 'a byte order mark is not white space'],
    ['quasi_exact_match', '???', '!!!', 1, 'punctuation alone normalises to nothing'],
    ['quasi_exact_match', 'Paris.', 'the Paris', 1, 'articles and punctuation do not count'],
    ['quasi_exact_match', 'the日', '日', 0, 'word boundaries are those of Unicode'],
    ['quasi_exact_match', '“x”', 'x', 0, 'only ASCII punctuation is removed'],
    ['f1_score', 'the', 'the', 0, 'no words are left'],
    ['prefix_exact_match', 'anything', '', 1, 'an empty reference is a prefix'],
    ['exact_match_indicator', 'so it is 5', 'The answer is 5.', 0, 'the final full stop counts'],
    ['final_number_exact_match', '5', '5.0', 0, '5.0 is not 5'],
    ['final_number_exact_match', 'of 10 20', '1020', 0, 'any character joins two groups of digits'],
    ['math_equiv', '\\$3', '3', 1, 'an escaped dollar sign is removed'],
    ['math_equiv', '$3$', '3', 0, 'a plain one is not'],
    ['math_equiv', '3%', '3\\%', 0, 'only the escaped percent sign is removed'],
    ['math_equiv', '.5', '1/2', 1, 'a half'],
    ['math_equiv', '\\frac', '\\frac', 1, 'where rewriting fails, raw equality decides'],
    ['math_equiv_chain_of_thought', '4', '5', 1, 'no box on both sides'],
    ['math_equiv_chain_of_thought', '\\fbox{5}', '\\boxed{5}', 0, 'an fbox gives no answer'],
    ['rouge_1', '日本語', '日本語', 0, 'only ASCII letters and digits are tokens'],
  ])('%s(%j, %j) is %d: %s', (name, prediction, gold, expected) => {
    expect(scorePair(name, prediction, [gold])).toBe(expected);
  });
});

describe('scoreMetric', () => {
  const choices = { A: 'the Paris', B: 'London' };

  test('strips the answer first, as a HELM run does', () => {
    expect(scorePair('exact_match_indicator', 'it is 5 ', ['5'])).toBe(0);
    expect(scoreMetric('exact_match_indicator', { prediction: 'it is 5 ', references: ['5'] })).toBe(1);
  });

  test.each([
    [' A\n', 1],
    ['A.', 0],
    ['a', 0],
    ['A\n\nQ', 0],
    ['B', 0],
    ['the Paris', 0],
    ['constructor', 0],
  ])('maps the letter %j to its option', (prediction, expected) => {
    expect(scoreMetric('quasi_exact_match', { prediction, references: ['Paris.'], choices })).toBe(expected);
  });

  test('takes the best reference', () => {
    expect(scoreMetric('exact_match', { prediction: 'b', references: ['a', 'b'] })).toBe(1);
  });

  test('leaves missing answers and missing references missing', () => {
    expect(scoreMetric('exact_match', { prediction: null, references: ['a'] })).toBeNull();
    expect(scoreMetric('exact_match', { prediction: 'a', references: [] })).toBeNull();
  });

  test('names an unknown metric', () => {
    expect(() => scoreMetric('exact', { prediction: 'a', references: ['a'] })).toThrow('There is no metric "exact"');
  });
});
