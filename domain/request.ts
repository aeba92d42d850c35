import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { Acceptance } from './gate.ts';
import { TrackName } from './track.ts';

/** Where a submission or a suite comes from. Paths are read on the machine of the worker that runs intake. */
export const Source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('directory'), path: z.string().min(1) }),
  z.strictObject({ kind: z.literal('archive'), path: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('git'),
    url: z.string().min(1),
    ref: z.string().min(1).optional(),
    subdirectory: z.string().min(1).optional(),
  }),
  /** A tree that is in the store already, as `reprise start` puts it there. */
  z.strictObject({
    kind: z.literal('snapshot'),
    tree: Sha256,
    origin: z.string(),
    commit: z.string().optional(),
    commitDate: z.iso.datetime().optional(),
  }),
]);
export type Source = z.infer<typeof Source>;

/** Name of a secret: an environment variable's, as it becomes one. */
export const SecretName = z.string().regex(/^[A-Z][A-Z0-9_]*$/);

/** Values that the operator gave for one run. They lie in a file on one machine, and only the file's random name travels. */
export const GivenSecrets = z.strictObject({
  handle: z.string().regex(/^[0-9a-f]{32}$/),
  names: z.array(SecretName).min(1),
  /** Task queue of the machine that has the file. */
  queue: z.string().min(1),
});
export type GivenSecrets = z.infer<typeof GivenSecrets>;

export const ReproductionRequest = z.strictObject({
  source: Source,
  suite: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('directory'), path: z.string().min(1) }),
    z.strictObject({ kind: z.literal('stored'), suite: Sha256 }),
  ]),
  track: TrackName.optional(),
  asOf: z.iso.date().optional(),
  /** Directory of the submission inside the source, where the source holds several. */
  submission: z.string().optional(),
  /** Dockerfile and build context of the serving image, relative to the source, where evidence does not find them. */
  dockerfile: z.string().optional(),
  context: z.string().optional(),
  /** Findings of the scans that may be published all the same; they stand in the attestation. */
  accept: z.array(Acceptance).max(200).optional(),
  /** As `reprise start --secret` hands them in; without it the worker's own configuration is asked for what a submission declares. */
  secrets: GivenSecrets.optional(),
  fresh: z.boolean().default(false),
});
/** The workflow's input: what `reprise start` sends and what may be typed into the Temporal UI. */
export type ReproductionRequest = z.infer<typeof ReproductionRequest>;
