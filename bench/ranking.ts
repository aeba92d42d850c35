import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { rank, ruleNames, type RuleName } from '../domain/ranking/index.ts';
import { seededRandom } from '../domain/random.ts';
import { Results } from '../domain/results.ts';

export interface RankingBench {
  rule: RuleName;
  models: number;
  items: number;
  replicates: number;
  bootstrapMs: number;
  /** With permutation tests, leave-one-out and what decides each pair. */
  everythingMs: number;
}

/** Wall time of a 10,000-fold bootstrap of 20 models over 5,000 items in ten scenarios (target: at most 5 s), by rule. */
export function benchRanking(sizes = { models: 20, items: 5_000, scenarios: 10, replicates: 10_000 }): RankingBench[] {
  const results = syntheticResults(sizes);
  return ruleNames.map((rule) => ({
    rule,
    models: sizes.models,
    items: sizes.items,
    replicates: sizes.replicates,
    bootstrapMs: timed(() => rank(results, rule, { seed: '1', bootstrap: sizes.replicates, permutations: 0 })),
    everythingMs: timed(() => rank(results, rule, { seed: '1', bootstrap: sizes.replicates })),
  }));
}

function syntheticResults({ models, items, scenarios }: { models: number; items: number; scenarios: number }): Results {
  const random = seededRandom('bench');
  const perScenario = items / scenarios;
  const ids = Array.from({ length: models }, (_, index) => `model-${index}`);
  const columns = Array.from({ length: scenarios }, (_, index) => ({
    id: `column-${index}`,
    scenario: `scenario-${index}`,
    stage: index < scenarios / 2 ? 'open' : 'closed',
    better: 'higher',
  }));
  const values = new Map(
    columns.map(({ id }) => [
      id,
      Object.fromEntries(ids.map((model, at) => [model, Array.from({ length: perScenario }, () => Number(random() < 0.3 + at / 100))])),
    ]),
  );
  return Results.parse({
    schema: 'reprise.results/v1',
    columns,
    models: ids.map((id) => ({ id, values: Object.fromEntries(columns.map((column) => [column.id, mean(values.get(column.id)?.[id] ?? [])])) })),
    items: Object.fromEntries(values),
  });
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return Math.round(performance.now() - start);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${JSON.stringify(benchRanking(), null, 2)}\n`);
