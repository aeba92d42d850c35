import type { Activities } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage } from '../stage.ts';
import { score } from './score.ts';

export { rescore, type RescoreInput, rescoreStage } from './rescore.ts';

export function createScoreActivities(dependencies: Dependencies): Pick<Activities, 'score'> {
  return {
    score: (input) => {
      const { suite, evaluations, submission } = input;
      const inputs = { suite, evaluations, claim: submission.claim ?? null };
      return runStage(dependencies, input, 'score', { version: 1, inputs }, () => score(dependencies, input));
    },
  };
}
