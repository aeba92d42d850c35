import type { Activities } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { runStage } from '../stage.ts';
import { evaluate, evaluationInputs } from './evaluation.ts';

export function createEvaluateActivities(dependencies: Dependencies): Pick<Activities, 'evaluate'> {
  return {
    evaluate: (input) =>
      runStage(dependencies, input, `evaluate-${input.stage}`, { version: 1, inputs: evaluationInputs(input) }, (context) =>
        evaluate(dependencies, input, context),
      ),
  };
}
