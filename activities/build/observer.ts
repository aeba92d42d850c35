import { limits } from '../../domain/index.ts';
import type { StageLog } from '../logs/index.ts';
import type { BuildIndex } from '../pin/by-date/build-index.ts';
import type { StageContext } from '../stage.ts';
import type { BuildObserver } from './engine-build.ts';
import type { PlannedBuild } from './plan.ts';
import { withoutPrelude } from './secret-steps.ts';
import type { BuildStep } from './steps.ts';

/** The package index is told which step asks it. */
export function alsoRecorded(observer: BuildObserver, index: BuildIndex | undefined): BuildObserver {
  if (!index) return observer;
  return {
    ...observer,
    onStep(step) {
      index.recorder.onStep(step);
      observer.onStep(step);
    },
    onOutput(text) {
      index.recorder.onOutput(text);
      return observer.onOutput(text);
    },
  };
}

interface ShownSteps {
  /** As the submission wrote them, without secrets. */
  steps: BuildStep[];
  mask(text: string): string;
}

/** Reports each step at once and its output once a second: a heartbeat for every line would be thousands. */
export function observerOf({ dockerfile }: PlannedBuild, { steps, mask }: ShownSteps, context: StageContext, log: StageLog): BuildObserver {
  let latest: Parameters<StageContext['report']>[0] = { message: dockerfile };
  let reportedAt = 0;
  return {
    mask: (text) => mask(withoutPrelude(text)),
    onStep({ number, total, text }) {
      // As the submission wrote it, and not as it was handed to the engine.
      const written = steps.length === total ? (steps[number - 1]?.text ?? '') : mask(text);
      latest = { message: `${dockerfile}: Step ${number}/${total} : ${written.slice(0, limits.lastLineCharacters)}`, done: number, total };
      context.report(latest);
    },
    async onOutput(text) {
      await log.write(withoutPrelude(text));
      const lastLogLine = log.lastLine();
      if (lastLogLine === undefined || Date.now() - reportedAt < 1_000) return;
      reportedAt = Date.now();
      context.report({ ...latest, lastLogLine });
    },
  };
}
