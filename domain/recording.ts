import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { ImageRole } from './submission.ts';

/**
 * One answer that a build was given from outside, as a line of recording.jsonl. What proves who asked (authorisation, cookies, user
 * and password, token-like parameters) is taken out before it is stored.
 */
export const RecordedExchange = z.object({
  method: z.string(),
  url: z.string(),
  /** Headers that choose among answers: accept, accept-encoding, git-protocol, range. */
  requestHeaders: z.record(z.string(), z.string()),
  /** Of a request with a body, which itself is not stored. */
  requestBody: Sha256.optional(),
  status: z.number().int(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** As it came over the line, encodings untouched; null where the answer has none. */
  body: z.object({ sha256: Sha256, sizeBytes: z.number().int().nonnegative() }).nullable(),
  at: z.iso.datetime(),
  durationMs: z.number().int().nonnegative(),
  /** Step of the Dockerfile that asked, from 1; 0 where none was begun. */
  step: z.number().int().nonnegative(),
  /** Why there was no answer; the build was then given status 502. */
  failed: z.string().optional(),
  /** The body held a secret of the operator: stored without it, or not at all. */
  masked: z.literal(true).optional(),
});
export type RecordedExchange = z.infer<typeof RecordedExchange>;

/** `pinned`: the image was built from the recording alone; `recorded`: while it was made, or with something left open. */
export const RecordingVerdict = z.enum(['recorded', 'pinned']);
export type RecordingVerdict = z.infer<typeof RecordingVerdict>;

/** What one image's build took in from outside. */
export const ImageRecording = z.object({
  role: ImageRole,
  verdict: RecordingVerdict,
  /** Of recording.jsonl. */
  recording: Sha256,
  requests: z.number().int().nonnegative(),
  /** Of all bodies, each counted once. */
  sizeBytes: z.number().int().nonnegative(),
  /** What keeps the recording from being complete, or a replay from being one. */
  open: z.array(z.string()),
});
export type ImageRecording = z.infer<typeof ImageRecording>;

/** Why a path of two images differs. `content` is what none of the known causes explains. */
export const DifferenceCause = z.enum(['missing', 'timestamp', 'pyc', 'order', 'log', 'cache', 'metadata', 'content']);
export type DifferenceCause = z.infer<typeof DifferenceCause>;

/** Two images of the same build, compared by what a container would see. */
export const ImageComparison = z.object({
  schema: z.literal('reprise.image-comparison/v1'),
  images: z.tuple([z.string(), z.string()]),
  /** Nothing differs but times of change. */
  identical: z.boolean(),
  files: z.number().int().nonnegative(),
  differing: z.array(z.object({ path: z.string(), cause: DifferenceCause })),
  /** Paths that differ by their time of change alone. */
  timesOnly: z.number().int().nonnegative(),
  layers: z.object({ same: z.number().int().nonnegative(), total: z.number().int().nonnegative() }),
  /** `name version` of packages that only one of them has, by image. */
  packages: z.object({ common: z.number().int().nonnegative(), onlyFirst: z.array(z.string()), onlySecond: z.array(z.string()) }),
});
export type ImageComparison = z.infer<typeof ImageComparison>;
