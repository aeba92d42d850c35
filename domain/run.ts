import { z } from 'zod';
import { StageCost } from './cost.ts';
import { Fault, StageName } from './stage.ts';

export const StageStatus = z.enum(['waiting', 'running', 'completed', 'failed', 'skipped', 'cancelled']);
export type StageStatus = z.infer<typeof StageStatus>;

export const RunStage = z.object({
  name: StageName,
  status: StageStatus,
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  cached: z.boolean(),
  /** One line for people: "412/600 answered", "2 findings". */
  detail: z.string().optional(),
  /** Absent for what was taken from the store, and where nothing was measured. */
  cost: StageCost.optional(),
  outcome: z
    .object({
      status: z.enum(['completed', 'failed', 'skipped']),
      code: z.string().optional(),
      fault: Fault.optional(),
      message: z.string().optional(),
      nextStep: z.string().optional(),
      logKey: z.string().optional(),
    })
    .nullable(),
});
export type RunStage = z.infer<typeof RunStage>;

export const Run = z.object({
  schema: z.literal('reprise.run/v1'),
  run: z.string(),
  workflowId: z.string(),
  name: z.string().optional(),
  team: z.string().optional(),
  track: z.string(),
  source: z.object({ digest: z.string(), origin: z.string(), commit: z.string().optional() }),
  status: z.enum(['running', 'completed', 'failed', 'cancelled']),
  stages: z.array(RunStage),
  score: z
    .object({
      open: z.number(),
      closed: z.number().nullable(),
      full: z.number(),
      scenarios: z.record(z.string(), z.number()),
      claimHolds: z.boolean().nullable(),
    })
    .optional(),
  uiUrl: z.string(),
  manifestKey: z.string().optional(),
});
/** The state of one reproduction: the workflow's result, and what `reprise status --json` prints. */
export type Run = z.infer<typeof Run>;
