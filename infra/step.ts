/** What a set-up step, or the start of a part, tells whoever watches; the caller makes text of it. */
export type SetupEvent =
  | { type: 'good'; step: string }
  | { type: 'started'; step: string; problem: string }
  | { type: 'waiting'; step: string; waitingFor: string; elapsedMs: number }
  | { type: 'finished'; step: string; elapsedMs: number }
  | { type: 'failed'; step: string; problem: string; nextStep: string };
export type Report = (event: SetupEvent) => void;

export interface Problem {
  problem: string;
  nextStep: string;
}

/** One thing that must be so: `check` looks, `apply` makes it so, and `check` is asked again. */
export interface Step {
  name: string;
  check(): Promise<'ok' | Problem>;
  apply(waitingFor: (what: string) => void): Promise<void>;
}

/** Something of the stack that the operator must put right; `nextStep` says how. */
export class SetupError extends Error {
  readonly nextStep: string;
  constructor(problem: string, nextStep: string, options?: ErrorOptions) {
    super(problem, options);
    this.nextStep = nextStep;
  }
}

/** Runs steps in order, each only where its check finds a problem. Throws SetupError at the first that does not come right. */
export async function runSteps(steps: Step[], report: Report): Promise<void> {
  for (const step of steps) await runStep(step, report);
}

const progressEveryMs = 3_000;

async function runStep(step: Step, report: Report): Promise<void> {
  try {
    const found = await step.check();
    if (found === 'ok') return report({ type: 'good', step: step.name });
    report({ type: 'started', step: step.name, problem: found.problem });
    const elapsedMs = await applied(step, report);
    const left = await step.check();
    if (left !== 'ok') throw new SetupError(left.problem, left.nextStep);
    report({ type: 'finished', step: step.name, elapsedMs });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const nextStep = error instanceof SetupError ? error.nextStep : '`reprise doctor` shows the state of every part.';
    report({ type: 'failed', step: step.name, problem, nextStep });
    throw error instanceof SetupError ? error : new SetupError(`${step.name}: ${problem}`, nextStep, { cause: error });
  }
}

async function applied(step: Step, report: Report): Promise<number> {
  const startedMs = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedMs);
  let waitingFor = step.name;
  const tell = (): void => report({ type: 'waiting', step: step.name, waitingFor, elapsedMs: elapsedMs() });
  const ticker = setInterval(tell, progressEveryMs);
  try {
    await step.apply((what) => {
      waitingFor = what;
      tell();
    });
  } finally {
    clearInterval(ticker);
  }
  return elapsedMs();
}
