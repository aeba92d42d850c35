import { z } from 'zod';

/** The stages of one reproduction, in order. The names stand in the UI, in store keys and in every JSON shape. */
export const StageName = z.enum([
  'intake',
  'scan-source',
  'pin',
  'build',
  'scan-images',
  'train',
  'scan-outputs',
  'upload',
  'evaluate-open',
  'evaluate-closed',
  'score',
  'attest',
]);
export type StageName = z.infer<typeof StageName>;

/** Whose fault a failure is. Only `submission` counts against the submitter; `platform` is retried. */
export const Fault = z.enum(['submission', 'platform', 'operator']);
export type Fault = z.infer<typeof Fault>;

export const FailedOutcome = z.object({
  status: z.literal('failed'),
  code: z.string(),
  fault: Fault,
  message: z.string(),
  nextStep: z.string(),
  /** Key in the object store of the log that shows the failure. */
  logKey: z.string().optional(),
});
export type FailedOutcome = z.infer<typeof FailedOutcome>;

/** How a stage ended. Expected failures are values, never exceptions. */
export type StageOutcome<Result> =
  | { status: 'completed'; result: Result; cached: boolean; logKey?: string }
  | FailedOutcome
  | { status: 'skipped'; reason: string };

/** What a running stage says of itself; travels as heartbeat details and as a signal to the workflow. */
export const StageProgress = z.object({
  stage: StageName,
  message: z.string(),
  done: z.number().optional(),
  total: z.number().optional(),
  lastLogLine: z.string().optional(),
  at: z.iso.datetime(),
});
export type StageProgress = z.infer<typeof StageProgress>;
