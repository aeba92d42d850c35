import { z } from 'zod';
import { Sha256 } from './artifact.ts';

/** `runs/<run>/checkpoints/<sequence>.json`: what a training had in its checkpoint directory at one time. */
export const Checkpoint = z.object({
  schema: z.literal('reprise.checkpoint/v1'),
  sequence: z.number().int().nonnegative(),
  at: z.iso.datetime(),
  /** Budget that was used by then: where the machine is lost, a training goes on from here. */
  usedMs: z.number(),
  tree: Sha256,
  files: z.number().int(),
  sizeBytes: z.number().int(),
  /** By path: size, time and inode, by which a file that did not change is known without reading it. */
  stamps: z.record(z.string(), z.string()),
});
export type Checkpoint = z.infer<typeof Checkpoint>;
