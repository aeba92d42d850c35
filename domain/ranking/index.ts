import type { Results, Scores } from '../results.ts';
import { type Bootstrap, bootstrap } from './bootstrap.ts';
import { contest2023 } from './contest-2023.ts';
import { helm } from './helm.ts';
import { pairwise } from './pairwise.ts';
import { permutationTests } from './permutation.ts';
import { deciders, leaveOneOut } from './stability.ts';
import { exactMeans, isAbove, type ModelScore, ranksOf, type Rule, tableOf } from './table.ts';

export { kendallTauB, rankAgreementBySize, spearman } from './agreement.ts';

export const rules = { 'contest-2023': contest2023, helm, pairwise } satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as RuleName[];

export interface RankOptions {
  /** Decides every draw; the same seed gives the same digits. */
  seed: string;
  /** Replicates of the bootstrap (default 10,000; 0 leaves intervals and ties out). It needs `items` in the results. */
  bootstrap?: number;
  /** Permutations per pair of neighbours (default 2,000; 0 leaves the tests out). It needs `items` in the results. */
  permutations?: number;
}

/** Ranks the models of checked results (parseResults) by a rule, the best first, and says how certain that is. */
export function rank(results: Results, rule: RuleName, options: RankOptions): Scores {
  const table = tableOf(results);
  const compute: Rule = rules[rule];
  const scores = compute(table, exactMeans);
  const ranks = ranksOf(scores.map(({ full }) => full));
  const order = table.models.map((_, index) => index).sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
  const replicates = options.bootstrap ?? defaults.replicates;
  const drawn = replicates > 0 ? bootstrap(results, table, compute, { seed: options.seed, replicates }) : undefined;
  const missing = (model: number): string[] => table.columns.filter(({ values }) => values[model] === null).map(({ id }) => id);
  return {
    schema: 'reprise.scores/v1',
    rule,
    seed: options.seed,
    models: order.map((model) => ({
      id: table.models[model] ?? '',
      rank: ranks[model] ?? 0,
      ...(scores[model] as ModelScore),
      missing: missing(model),
      ...uncertainty(drawn, model),
    })),
    ...(drawn ? { bootstrap: { replicates: drawn.replicates, items: drawn.items, columns: drawn.columns } } : {}),
    neighbours: neighboursOf(results, compute, order, scores, options),
    stability: leaveOneOut(table, compute),
  };
}

const defaults = { replicates: 10_000, permutations: 2_000 } as const;

function uncertainty(drawn: Bootstrap | undefined, model: number): Pick<Scores['models'][number], 'interval' | 'tiedWith'> {
  const interval = drawn?.intervals[model];
  return interval ? { interval, tiedWith: drawn?.tiedWith[model] ?? [] } : {};
}

function neighboursOf(results: Results, rule: Rule, order: number[], scores: ModelScore[], options: RankOptions): Scores['neighbours'] {
  const table = tableOf(results);
  const pairs = order.slice(1).map((below, index): [number, number] => [order[index] ?? 0, below]);
  const permutations = options.permutations ?? defaults.permutations;
  const tests = permutations > 0 ? permutationTests(results, table, pairs, { seed: options.seed, permutations }) : [];
  const decidedBy = deciders(table, rule);
  return pairs.map(([above, below], index) => {
    const test = tests[index];
    const isApart = isAbove(scores[above]?.full ?? null, scores[below]?.full ?? null);
    return {
      above: table.models[above] ?? '',
      below: table.models[below] ?? '',
      decidedBy: isApart ? decidedBy(above, below) : { scenarios: [], columns: [] },
      ...(test ? { test } : {}),
    };
  });
}
