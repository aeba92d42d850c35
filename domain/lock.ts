import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { ImageRole } from './submission.ts';

/** How far a pinned input is from what the submission had on its date. */
export const Fidelity = z.enum(['faithful', 'near', 'substitution']);
export type Fidelity = z.infer<typeof Fidelity>;

/** One file of a package index that a step of a build took in. */
export const LockedPackage = z.object({
  /** As PEP 503 compares names. */
  name: z.string(),
  version: z.string(),
  file: z.string(),
  sha256: Sha256,
  sizeBytes: z.number().int().nonnegative(),
  /** When the index took the file in. */
  uploadedAt: z.iso.datetime(),
  /** false: looked at, or used to build another package, and left out; absent where the step did not say what it installed. */
  installed: z.boolean().optional(),
  /** Why this may not be what was there on the date. */
  doubts: z.array(z.string()),
});
export type LockedPackage = z.infer<typeof LockedPackage>;

export const LockedStep = z.object({
  /** As the builder counts, from 1. */
  step: z.number().int().positive(),
  /** Line in the submission's Dockerfile. */
  line: z.number().int().positive().optional(),
  command: z.string(),
  /** `cache`: the step's layer was there already, and its lock was kept when it was made; `unknown`: it was not kept. */
  source: z.enum(['served', 'cache', 'unknown']),
  packages: z.array(LockedPackage),
});
export type LockedStep = z.infer<typeof LockedStep>;

/** How the packages of one image were resolved, and how far that is from the original. */
export const LockedImage = z.object({
  role: ImageRole,
  dockerfile: z.string(),
  /** Nothing that was uploaded at this instant or later was seen. */
  before: z.iso.datetime(),
  fidelity: Fidelity,
  reasons: z.array(z.string()),
  steps: z.array(LockedStep),
});
export type LockedImage = z.infer<typeof LockedImage>;

/** Stored as pin/locks.json: what the builds took from the package index, step by step. */
export const Locks = z.object({ schema: z.literal('reprise.locks/v1'), images: z.array(LockedImage) });
export type Locks = z.infer<typeof Locks>;
