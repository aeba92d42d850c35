import { readConfig } from './config.ts';
import { prepareSteps } from './stack-steps.ts';
import { runSteps, type SetupEvent } from './step.ts';

// For servers that somebody else brought up (infra/compose.yaml): keys, namespace and bucket, and nothing that runs.
await runSteps(prepareSteps(readConfig()), say);

function say(event: SetupEvent): void {
  process.stderr.write(`${JSON.stringify(event)}\n`);
}
