import { type Answer, type Claim, computeScores, type RunScores, type SuiteStage, type SuiteStageContent } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { loadSuite, loadSuiteStage } from '../intake/suite.ts';
import type { ObjectStore } from '../io/store.ts';
import { readAnswers } from './answers.ts';

export interface RescoreDependencies {
  store: ObjectStore;
  /** Needed only where the suite has a closed stage. */
  settings: Pick<Settings, 'suiteKeyFile'>;
}

export interface RescoreInput {
  /** SHA-256 of the stored suite. */
  suite: string;
  /** SHA-256 of the stored answers of each stage that was evaluated. */
  answers: { stage: SuiteStage; sha256: string }[];
  claim?: Claim | undefined;
}

export interface Rescored {
  scores: RunScores;
  contents: SuiteStageContent[];
  answers: Map<SuiteStage, Answer[]>;
}

/**
 * The scores from what is stored, by the same function for the stage and for an audit. A stage of the suite that has no stored
 * answers counts as unanswered. Failures: STORE_CORRUPT where answers do not fit the suite, SUITE_KEY_MISSING.
 */
export async function rescore(dependencies: RescoreDependencies, input: RescoreInput): Promise<Rescored> {
  const { stored } = await loadSuite(dependencies.store, input.suite);
  const contents: SuiteStageContent[] = [];
  const answers = new Map<SuiteStage, Answer[]>();
  for (const stage of Object.keys(stored.stages) as SuiteStage[]) {
    const content = await loadSuiteStage(dependencies, input.suite, stage);
    const sha256 = input.answers.find((each) => each.stage === stage)?.sha256;
    contents.push(content);
    answers.set(stage, sha256 === undefined ? [] : await readAnswers(dependencies, content, sha256));
  }
  return { scores: computeScores(contents, answers, input.claim), contents, answers };
}
