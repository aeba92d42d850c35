import type { IndexEvent } from './serve-index.ts';

type FileEvent = Extract<IndexEvent, { kind: 'file' }>;

/** What one step of a build took from the index. */
export interface RecordedStep {
  /** As the builder counts, from 1. */
  number: number;
  text: string;
  /** Whether the engine had its layer already, so that nothing was run. */
  cached: boolean;
  /** Of the image after this step, the first 12 digits; undefined where the step failed. */
  imageId: string | undefined;
  /** Projects that were asked for. */
  projects: Set<string>;
  files: FileEvent[];
  /** `name-version` as pip prints what it installed; undefined where it printed nothing of the kind. */
  installed: Set<string> | undefined;
  /** What kept the index from answering. */
  unreachable: string[];
}

export interface BuildRecorder {
  onStep(step: { number: number; text: string }): void;
  onOutput(text: string): void;
  onEvent(event: IndexEvent): void;
  steps(): RecordedStep[];
}

/**
 * Tells by which step of a build the index was asked: the classic builder runs one after the other, so it is the one that runs.
 * What was installed in the end stands in pip's own words.
 */
export function createBuildRecorder(): BuildRecorder {
  const steps: RecordedStep[] = [];
  let unfinished = '';
  return {
    onStep({ number, text }) {
      unfinished = '';
      steps.push({ number, text, cached: false, imageId: undefined, projects: new Set(), files: [], installed: undefined, unreachable: [] });
    },
    onOutput(text) {
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      const step = steps.at(-1);
      if (step) for (const line of lines) readLine(line.trimEnd(), step);
    },
    onEvent(event) {
      const step = steps.at(-1);
      if (!step) return;
      if (event.kind === 'page' || event.kind === 'missing') step.projects.add(event.project);
      else if (event.kind === 'file') step.files.push(event);
      else step.unreachable.push(event.message);
    },
    steps: () => steps,
  };
}

function readLine(line: string, step: RecordedStep): void {
  if (line === ' ---> Using cache') step.cached = true;
  const image = /^ ---> ([0-9a-f]{12})$/.exec(line);
  if (image) step.imageId = image[1];
  const installed = /^Successfully installed (\S.*)$/.exec(line);
  if (!installed) return;
  step.installed ??= new Set();
  for (const each of (installed[1] as string).split(/\s+/)) step.installed.add(each);
}
