import { type Claim, type ItemScore, type RunScores, runScores, type ScoredStage, startStageScore, SuiteStage } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { loadSuite, scratchOf, type SuiteDependencies } from '../intake/suite.ts';
import { withSpool } from '../io/spool.ts';
import { visitAnswered } from './answers.ts';

/** The suite's key is needed only where it has a closed stage. */
export type RescoreDependencies = SuiteDependencies;

export interface RescoreInput {
  /** SHA-256 of the stored suite. */
  suite: string;
  /** SHA-256 of the stored answers of each stage that was evaluated. */
  answers: { stage: SuiteStage; sha256: string }[];
  claim?: Claim | undefined;
}

/** Called for each question of a stage, in the suite's order. */
export type TakeItem = (stage: SuiteStage, item: ItemScore) => void;

/**
 * The scores from what is stored, by the same function for the stage and for an audit. A stage of the suite that has no stored
 * answers counts as unanswered. Failures: STORE_CORRUPT where answers do not fit the suite, SUITE_KEY_MISSING.
 */
export async function rescore(dependencies: RescoreDependencies, input: RescoreInput, takeItem?: TakeItem): Promise<RunScores> {
  const { stored } = await loadSuite(dependencies.store, input.suite);
  const scored: Partial<Record<SuiteStage, ScoredStage>> = {};
  for (const stage of SuiteStage.options) if (stored.stages[stage]) scored[stage] = await rescoreStage(dependencies, input, stage, takeItem);
  if (!scored.open) throw failure('STORE_CORRUPT', `the suite ${stored.name} has no open stage`);
  return runScores(scored.open, scored.closed, input.claim);
}

/** One stage alone. Failures: as above. */
export async function rescoreStage(dependencies: RescoreDependencies, { suite, answers }: RescoreInput, stage: SuiteStage, takeItem: TakeItem = () => undefined): Promise<ScoredStage> {
  const sha256 = answers.find((each) => each.stage === stage)?.sha256;
  const scorer = startStageScore(stage);
  await withSpool(scratchOf(dependencies), (spool) =>
    visitAnswered(dependencies, { suite, stage, answers: sha256 }, spool, (scenario, question, answer) => takeItem(stage, scorer.add(scenario, question, answer))),
  );
  return scorer.finish();
}
