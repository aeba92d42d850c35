import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { TrackName } from './track.ts';

const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must be a path inside the submission');

export const ImageRole = z.enum(['serve', 'train']);
export type ImageRole = z.infer<typeof ImageRole>;

export const ImageSource = z.strictObject({
  dockerfile: relativePath,
  /** Build context; the Dockerfile's own directory unless given. */
  context: relativePath.optional(),
});

/** `reprise.yaml` at the root of a submission; optional, since 2023's entries had none. */
export const SubmissionManifest = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, at most 40'),
  team: z.string().min(1).max(100).optional(),
  track: TrackName.optional(),
  date: z.iso.date().optional(),
  serve: ImageSource.extend({
    port: z.number().int().min(1).max(65_535).optional(),
    readyTimeoutMinutes: z.number().positive().max(60).optional(),
  }),
  train: ImageSource.extend({ budgetMinutes: z.number().positive().max(1_440).optional() }).optional(),
  /** What the team says its submission scores, as fractions in [0, 1]. */
  claim: z
    .strictObject({ open: z.number().min(0).max(1), tolerance: z.number().min(0).max(1).optional() })
    .optional(),
  /** Names of secrets that the operator must give; never values. */
  secrets: z.array(z.string().regex(/^[A-Z][A-Z0-9_]*$/)).optional(),
  baseModel: z.string().optional(),
});
export type SubmissionManifest = z.infer<typeof SubmissionManifest>;

/** One (Dockerfile, context, role) that will be built, with what made us think so. */
export const PlannedImage = z.object({
  role: ImageRole,
  dockerfile: z.string(),
  context: z.string(),
  evidence: z.string(),
});
export type PlannedImage = z.infer<typeof PlannedImage>;

/** A submission after intake: a snapshot and what is to be built from it. All later stages read only this. */
export const Submission = z.object({
  name: z.string(),
  team: z.string(),
  track: TrackName,
  /** ISO date that dependencies are resolved as of, and where it comes from. */
  asOf: z.object({ date: z.iso.datetime(), source: z.enum(['request', 'manifest', 'newest-commit', 'snapshot-time']) }),
  /** SHA-256 of the tree manifest (see tree.ts). */
  snapshot: Sha256,
  /** Where it came from, as the user wrote it without credentials. */
  origin: z.string(),
  commit: z.string().optional(),
  images: z.array(PlannedImage).min(1),
  port: z.number().int(),
  readyTimeoutMs: z.number(),
  trainingBudgetMs: z.number(),
  claim: z.object({ open: z.number(), tolerance: z.number() }).optional(),
  secrets: z.array(z.string()),
});
export type Submission = z.infer<typeof Submission>;
