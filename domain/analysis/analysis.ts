import { z } from 'zod';
import { Scores } from '../results.ts';
import { SuiteStage } from '../suite.ts';

const Rank = z.number().int().nullable();
const Correlation = z.number().nullable();

/** Rank correlations of two lists of scores over the models that have both; null where fewer than two models or all are alike. */
export const RankAgreement = z.object({
  spearman: Correlation,
  kendall: Correlation,
  /** Share of random orders that agree or disagree at least as much by Spearman. */
  p: z.number().nullable(),
  models: z.number().int(),
});
export type RankAgreement = z.infer<typeof RankAgreement>;

export const StageAgreement = RankAgreement.extend({
  ranks: z.array(z.object({ id: z.string(), open: Rank, closed: Rank, full: z.number().int() })),
});
export type StageAgreement = z.infer<typeof StageAgreement>;

export const ScenarioAgreement = z.object({
  scenarios: z.array(z.string()),
  /** Spearman between the scenarios' scores, a row and a column for each; the last row and column are the full score. */
  spearman: z.array(z.array(Correlation)),
});
export type ScenarioAgreement = z.infer<typeof ScenarioAgreement>;

export const RankTable = z.object({
  scenarios: z.array(z.object({ name: z.string(), stage: SuiteStage })),
  /** The best model first; null where it has no score in the scenario. */
  rows: z.array(z.object({ id: z.string(), rank: z.number().int(), ranks: z.array(Rank) })),
});
export type RankTable = z.infer<typeof RankTable>;

/** How well a ranking by few items agrees with that by all; the score is the mean over scenarios of the mean item. */
export const CoarseAgreement = z.object({
  rounds: z.number().int(),
  models: z.array(z.string()),
  /** Models left out, as they have no items in some scenario. */
  leftOut: z.array(z.string()),
  scenarios: z.array(z.object({ name: z.string(), items: z.number().int() })),
  bySize: z.array(
    z.object({ size: z.number().int(), questions: z.number().int(), spearman: Correlation, kendall: Correlation, rankDistance: z.number() }),
  ),
});
export type CoarseAgreement = z.infer<typeof CoarseAgreement>;

/** The items of one scenario without which the upper model of a pair is no longer above the lower one. */
export const TurningItems = z.object({
  scenario: z.string(),
  count: z.number().int(),
  of: z.number().int(),
  /** Their positions in the scenario, from 0; those that favour the upper model most, at most ten. */
  items: z.array(z.number().int()),
});
export type TurningItems = z.infer<typeof TurningItems>;

const DecidingPair = Scores.shape.neighbours.element.extend({ turnedBy: TurningItems.nullable() });
type DecidingPair = z.infer<typeof DecidingPair>;

export const TrainingTime = RankAgreement.extend({
  points: z.array(z.object({ id: z.string(), trainingMs: z.number(), score: z.number(), rank: z.number().int() })),
});
export type TrainingTime = z.infer<typeof TrainingTime>;

/** The meta-analysis of one results table (after arXiv 2503.13507). A part is null where the table does not hold what it needs. */
export const Analysis = z.object({
  schema: z.literal('reprise.analysis/v1'),
  ranking: Scores,
  stageAgreement: StageAgreement.nullable(),
  scenarioAgreement: ScenarioAgreement,
  rankTable: RankTable,
  coarse: CoarseAgreement.nullable(),
  pairs: z.array(DecidingPair),
  trainingTime: TrainingTime.nullable(),
});
export type Analysis = z.infer<typeof Analysis>;
