import { z } from 'zod';
import { StageCost } from './cost.ts';

/** The stages of one reproduction, in order. The names stand in the UI, in store keys and in every JSON shape. */
export const StageName = z.enum([
  'intake',
  'scan-source',
  'pin',
  'build',
  'scan-images',
  'store-images',
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
  cost: StageCost.optional(),
});
export type FailedOutcome = z.infer<typeof FailedOutcome>;

/** How a stage ended. Expected failures are values, never exceptions. */
export type StageOutcome<Result> =
  | { status: 'completed'; result: Result; cached: boolean; logKey?: string; cost?: StageCost }
  | FailedOutcome
  | { status: 'skipped'; reason: string };

/** Shares are of one CPU or of one device, from 0; a container of four CPUs can reach 4. */
export const TrainingProgress = z.object({
  budgetUsedMs: z.number(),
  budgetMs: z.number(),
  step: z.number().optional(),
  steps: z.number().optional(),
  epoch: z.number().optional(),
  loss: z.number().optional(),
  /** When it will have done all its steps, at its pace so far; ISO 8601. */
  expectedEnd: z.string().optional(),
  cpuShare: z.number().optional(),
  memoryBytes: z.number().optional(),
  gpu: z.object({ share: z.number(), memoryBytes: z.number(), powerWatts: z.number().nullable() }).optional(),
  /** For how long nothing was seen of it; only where that is longer than the track expects. */
  stalledMs: z.number().optional(),
  checkpoints: z.number().optional(),
  /** What of its checkpoints is not kept, and why; one line for people. */
  checkpointsUnkept: z.string().optional(),
});
export type TrainingProgress = z.infer<typeof TrainingProgress>;

/** What a running stage says of itself; travels as heartbeat details and as a signal to the workflow. */
export const StageProgress = z.object({
  stage: StageName,
  message: z.string(),
  done: z.number().optional(),
  total: z.number().optional(),
  lastLogLine: z.string().optional(),
  /** What a training says of itself and is seen to use; each only where it is known. */
  training: TrainingProgress.optional(),
  /** What its attempts have cost so far. */
  cost: StageCost.optional(),
  at: z.iso.datetime(),
});
export type StageProgress = z.infer<typeof StageProgress>;
