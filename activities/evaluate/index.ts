import type { Activities, EvaluateResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage } from '../stage.ts';
import { evaluate, evaluationInputs } from './evaluation.ts';
import { serveSubmission } from './serving.ts';

export function createEvaluateActivities(dependencies: Dependencies): Pick<Activities, 'evaluate'> {
  return {
    evaluate: (input) => {
      const identity = { version: 3, inputs: evaluationInputs(input), stillValid: everythingAsked };
      return runStage(dependencies, input, `evaluate-${input.stage}`, identity, (context) =>
        evaluate(dependencies, input, context, serveSubmission(dependencies, input, context)),
      );
    },
  };
}

/** A stage that ran out of time or of servers is asked again in the next run: that may have been the machine. */
async function everythingAsked({ counts }: EvaluateResult): Promise<boolean> {
  return counts.unanswered === 0;
}
