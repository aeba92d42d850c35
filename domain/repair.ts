import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { Fidelity } from './lock.ts';
import { ImageRole } from './submission.ts';

/** One try to make a build hold that failed for a cause that lies in the years since, and what came of it. */
export const RepairAttempt = z.object({
  /** From 1. */
  attempt: z.number().int().positive(),
  /** Row of the table of repairs (activities/build/repair/table.ts). */
  repair: z.string(),
  /** What had failed. */
  breakage: z.string(),
  /** Line in the submission's Dockerfile; absent where the platform's own line failed. */
  line: z.number().int().positive().optional(),
  /** The lines of the build's log that say so. */
  log: z.array(z.string()),
  /** What the pinned Dockerfile got for it. */
  change: z.string(),
  /** Why that is known to help. */
  why: z.string(),
  fidelity: Fidelity,
  /** `went-on`: the step held, and a later one failed; `no-help`: the change was taken back. */
  result: z.enum(['built', 'went-on', 'no-help']),
});
export type RepairAttempt = z.infer<typeof RepairAttempt>;

/** How the build of one image was made to hold. */
export const ImageRepairs = z.object({
  role: ImageRole,
  dockerfile: z.string(),
  /** Of what the image was built from: the least faithful of the repairs that are in it. */
  fidelity: Fidelity,
  /** The repaired Dockerfile. */
  repaired: Sha256,
  attempts: z.array(RepairAttempt),
});
export type ImageRepairs = z.infer<typeof ImageRepairs>;

/** Stored as build/repairs.json. */
export const Repairs = z.object({ schema: z.literal('reprise.repairs/v1'), images: z.array(ImageRepairs) });
export type Repairs = z.infer<typeof Repairs>;
