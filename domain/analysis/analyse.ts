import { rank, type RuleName } from '../ranking/index.ts';
import { scenariosOf, tableOf } from '../ranking/table.ts';
import type { Results, Scores } from '../results.ts';
import type { Analysis, RankTable, TrainingTime } from './analysis.ts';
import { coarseAgreement } from './coarse.ts';
import { rankAgreement } from './rank-agreement.ts';
import { presentRanks, scenarioAgreement, stageAgreement } from './stages.ts';
import { turningItems } from './turning-items.ts';

export interface AnalysisOptions {
  rule: RuleName;
  /** Decides every draw; the same seed gives the same digits. */
  seed: string;
  /** Replicates of the bootstrap; 10,000 unless given. */
  bootstrap?: number;
}

/** The meta-analysis of checked results (parseResults) under one rule. Pure: the same table and seed give the same digits. */
export function analyse(results: Results, { rule, seed, bootstrap }: AnalysisOptions): Analysis {
  const ranking = rank(results, rule, { seed, ...(bootstrap === undefined ? {} : { bootstrap }) });
  const table = tableOf(results);
  const rankTable = rankTableOf(results, ranking);
  return {
    schema: 'reprise.analysis/v1',
    ranking,
    stageAgreement: stageAgreement(ranking),
    scenarioAgreement: scenarioAgreement(ranking, rankTable.scenarios.map(({ name }) => name)),
    rankTable,
    coarse: coarseAgreement(results, seed),
    pairs: ranking.neighbours.map((pair) => ({ ...pair, turnedBy: turningItems(results, table, rule, pair.above, pair.below) })),
    trainingTime: trainingTime(results, ranking),
  };
}

function rankTableOf(results: Results, { models }: Scores): RankTable {
  const scenarios = scenariosOf(results.columns).map(({ name, stage }) => ({ name, stage }));
  const ranks = scenarios.map(({ name }) => presentRanks(models.map((model) => model.scenarios[name] ?? null)));
  return { scenarios, rows: models.map(({ id, rank: overall }, index) => ({ id, rank: overall, ranks: ranks.map((each) => each[index] ?? null) })) };
}

/** Score against training time over the models that have both; null where fewer than two have. */
function trainingTime(results: Results, { models, seed }: Scores): TrainingTime | null {
  const points = models.flatMap(({ id, rank: overall, full }) => {
    const trainingMs = results.models.find((model) => model.id === id)?.trainingMs ?? null;
    return trainingMs === null || full === null ? [] : [{ id, trainingMs, score: full, rank: overall }];
  });
  if (points.length < 2) return null;
  return { ...rankAgreement(points.map(({ trainingMs }) => trainingMs), points.map(({ score }) => score), `time ${seed}`), points };
}
