import { type Claim, type ItemScore, type RunScores, runScores, type ScoredStage, startStageScore, SuiteStage } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { loadSuite, readSuiteStage, scratchOf, type SuiteDependencies } from '../intake/suite.ts';
import { withSpool } from '../io/spool.ts';
import { misfit, shelveAnswers } from './answers.ts';

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
export async function rescore(dependencies: RescoreDependencies, input: RescoreInput, takeItem: TakeItem = () => undefined): Promise<RunScores> {
  const { stored } = await loadSuite(dependencies.store, input.suite);
  const scored: Partial<Record<SuiteStage, ScoredStage>> = {};
  for (const stage of SuiteStage.options) if (stored.stages[stage]) scored[stage] = await scoreStage(dependencies, input, stage, takeItem);
  if (!scored.open) throw failure('STORE_CORRUPT', `the suite ${stored.name} has no open stage`);
  return runScores(scored.open, scored.closed, input.claim);
}

async function scoreStage(dependencies: RescoreDependencies, { suite, answers }: RescoreInput, stage: SuiteStage, takeItem: TakeItem): Promise<ScoredStage> {
  const sha256 = answers.find((each) => each.stage === stage)?.sha256;
  return withSpool(scratchOf(dependencies), async (spool) => {
    const asked = await readSuiteStage(dependencies, suite, stage);
    const given = sha256 === undefined ? undefined : await shelveAnswers(dependencies, stage, sha256, spool);
    const scorer = startStageScore(stage);
    let [questions, fitting] = [0, 0];
    for await (const { scenario, question } of asked) {
      const answer = given?.answers.get(question.id);
      takeItem(stage, scorer.add(scenario, question, answer));
      questions += 1;
      if (answer) fitting += 1;
    }
    if (given && sha256 !== undefined && (fitting !== questions || given.count !== questions)) throw misfit(stage, sha256, given.count, questions);
    return scorer.finish();
  });
}
