import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { SecretName } from './request.ts';
import { TrackName } from './track.ts';

/**
 * What a training container reaches: `none` = nothing; `egress` = the internet, by a proxy that writes down who was asked, as
 * entries need that download models; never this machine, its neighbours or other containers. Unless
 * said otherwise, a track with a GPU has egress (2023's entries fetch base models while training) and `cpu` has none.
 */
export const TrainingNetwork = z.enum(['none', 'egress']);
export type TrainingNetwork = z.infer<typeof TrainingNetwork>;

/** An absolute path inside the training container. */
const CheckpointDirectory = z
  .string()
  .regex(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/, 'must be an absolute path of letters, digits, dots, hyphens and underscores')
  .refine((path) => !/^\/(output|proc|sys|dev|etc|bin|sbin|lib|lib64|usr)(\/|$)/.test(path), 'must be a directory of its own');

const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must be a path inside the submission');

export const ImageRole = z.enum(['serve', 'train']);
export type ImageRole = z.infer<typeof ImageRole>;

/** What a server speaks: the contest's API, or one of OpenAI's as vLLM, llama.cpp and Ollama offer them. */
export const ServeApi = z.enum(['contest', 'openai-completions', 'openai-chat']);
export type ServeApi = z.infer<typeof ServeApi>;

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
    /** The contest's unless given. */
    api: ServeApi.optional(),
    /** Name of the model that an OpenAI API is asked for; the first of its /v1/models unless given. */
    model: z.string().min(1).max(200).optional(),
    readyTimeoutMinutes: z.number().positive().max(60).optional(),
    /** The server writes elsewhere than below /tmp: its root is not read-only then, but counted. */
    writable: z.boolean().optional(),
  }),
  train: ImageSource.extend({
    budgetMinutes: z.number().positive().max(1_440).optional(),
    network: TrainingNetwork.optional(),
    /** Where the training keeps its checkpoints, /checkpoints unless given; false: nothing of them is stored while it goes on. */
    checkpoints: z.union([CheckpointDirectory, z.literal(false)]).optional(),
  }).optional(),
  /** What the team says its submission scores, as fractions in [0, 1]. */
  claim: z
    .strictObject({ open: z.number().min(0).max(1), tolerance: z.number().min(0).max(1).optional() })
    .optional(),
  /** Names of secrets that the operator must give; never values. */
  secrets: z.array(SecretName).max(20).optional(),
  /** The model that was trained further, as on the hub; compared with the contest's list. */
  baseModel: z.string().min(1).max(200).optional(),
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
  /** Undefined is the contest's. */
  api: ServeApi.optional(),
  model: z.string().optional(),
  readyTimeoutMs: z.number(),
  /** Whether the server may write into its root, as the manifest says. */
  writableRoot: z.boolean().optional(),
  trainingBudgetMs: z.number(),
  /** As the manifest says; undefined where it says nothing. */
  trainingNetwork: TrainingNetwork.optional(),
  /** As the manifest says; undefined where it says nothing. */
  checkpoints: z.union([z.string(), z.literal(false)]).optional(),
  claim: z.object({ open: z.number(), tolerance: z.number() }).optional(),
  /** As declared, which is no proof. */
  baseModel: z.string().optional(),
  secrets: z.array(z.string()),
});
export type Submission = z.infer<typeof Submission>;
