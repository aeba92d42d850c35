import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metricNames, scorePair } from '../../../domain/metrics/index.ts';
import { stem } from '../../../domain/metrics/porter-stemmer.ts';

const recorded = new URL('../../fixtures/helm/', import.meta.url);
const [header = '', ...lines] = readLines('pairs.jsonl');
const names = JSON.parse(header) as string[];

describe('on the texts recorded from HELM 0.5.16', () => {
  test('every metric of the recording is known, and the other way round', () => {
    expect([...metricNames].sort()).toEqual([...names].sort());
  });

  test.each(names)('%s gives the same value for every pair', (name) => {
    const index = names.indexOf(name);
    for (const line of lines) {
      const [gold, prediction, values] = JSON.parse(line) as [string, string, number[]];
      expect(scorePair(name, prediction, [gold]), line).toBe(values[index]);
    }
  });

  test("the stemmer gives NLTK's stem of every word", () => {
    const pairs = readLines('stems.tsv').map((line) => line.split('\t'));
    expect(pairs.length).toBeGreaterThan(2_000);
    for (const [word = '', expected] of pairs) expect([word, stem(word)]).toEqual([word, expected]);
  });
});

function readLines(name: string): string[] {
  return readFileSync(new URL(name, recorded), 'utf8').trimEnd().split('\n');
}
