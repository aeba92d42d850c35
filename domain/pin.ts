import { z } from 'zod';
import { Fidelity } from './lock.ts';
import { ImageComparison, ImageRecording } from './recording.ts';
import { ImageRole } from './submission.ts';

/** What kind of thing a build takes in from outside the submission. */
export const InputKind = z.enum(['base', 'apt', 'pip', 'conda', 'npm', 'git', 'hub', 'url', 'copy', 'script']);
export type InputKind = z.infer<typeof InputKind>;

/** How far an input is determined: by what stands there, by a date, only by a recording, or not at all. */
export const InputVerdict = z.enum(['exact', 'by-date', 'by-recording', 'resists']);
export type InputVerdict = z.infer<typeof InputVerdict>;

export const BuildInput = z.object({
  kind: InputKind,
  spec: z.string(),
  line: z.number().int().positive(),
  verdict: InputVerdict,
  reason: z.string().optional(),
  /** How far it is from what the submission had on its date; only after pinning, and where no recording decides. */
  fidelity: Fidelity.optional(),
});
export type BuildInput = z.infer<typeof BuildInput>;

export const PinnedBase = z.object({
  reference: z.string(),
  line: z.number().int().positive(),
  /** What the build uses instead: `name@sha256:…`, or an image id where no registry names it. */
  pinned: z.string(),
  digest: z.string(),
  source: z.enum(['registry', 'engine', 'mapped', 'debootstrap']),
  fidelity: Fidelity,
  reason: z.string(),
});
export type PinnedBase = z.infer<typeof PinnedBase>;

/** A repository or model that a date decided. */
export const PinnedCommit = z.object({
  line: z.number().int().positive(),
  spec: z.string(),
  commit: z.string(),
  committedAt: z.iso.datetime(),
  fidelity: z.enum(['faithful', 'near']),
  reason: z.string(),
});
export type PinnedCommit = z.infer<typeof PinnedCommit>;

/** Stored as pin-report.json: what a build takes in, what was pinned, and what stays open. */
export const PinReport = z.object({
  schema: z.literal('reprise.pin-report/v1'),
  asOf: z.iso.datetime(),
  images: z.array(
    z.object({
      role: ImageRole,
      dockerfile: z.string(),
      bases: z.array(PinnedBase),
      inputs: z.array(BuildInput),
      /** How packages are resolved as of the date; absent where the build takes none from an index. */
      packages: z
        .object({
          /** Exclusive: what was uploaded at this instant or later is not seen. */
          before: z.iso.datetime(),
          /** Why that is later than the date. */
          moved: z.object({ spec: z.string(), uploadedAt: z.iso.datetime() }).optional(),
        })
        .optional(),
      /** Commits that the pinned Dockerfile names instead of a branch or nothing. */
      commits: z.array(PinnedCommit).optional(),
      /** What the rewritten Dockerfile adds to the image, e.g. the operator's CA bundle. */
      leftBehind: z.array(z.object({ what: z.string(), why: z.string() })),
      /** Of `reprise pin --record` and `--replay`: `pinned` only where the image was built from the recording alone. */
      recording: ImageRecording.optional(),
      /** Two builds from the recording alone, compared. */
      replays: ImageComparison.optional(),
      /** Why the image was not built from the recording alone. */
      unpinned: z.string().optional(),
    }),
  ),
  summary: z.string(),
});
export type PinReport = z.infer<typeof PinReport>;
