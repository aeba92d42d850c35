import type { EvaluateInput, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import type { StageLog } from '../logs/index.ts';
import { withServer } from '../serve/index.ts';
import type { StageContext } from '../stage.ts';
import type { Serve } from './restarts.ts';

/** How a submission is served while it is asked, its output going to `log`. */
export type ServeWith = (log: StageLog) => Serve;

/** Serves the submission's image, with the training's output where there is one. Failures: those of `withServer`. */
export function serveSubmission(
  dependencies: Pick<Dependencies, 'docker' | 'store' | 'settings'>,
  { run, submission, image, output }: StageRun & EvaluateInput,
  context: StageContext,
): ServeWith {
  const { track, port, readyTimeoutMs, writableRoot, secrets } = submission;
  return (log) => (use) => withServer(dependencies, { run, stage: context.stage, image, track, output, port, readyTimeoutMs, writableRoot, secrets, log }, context, use);
}
