import { z } from 'zod';

/** A run's move from a host without a worker to another: `runs/<run>/moves/<instant>.json`. The newest says where it is at home. */
export const Move = z.object({
  schema: z.literal('reprise.move/v1'),
  at: z.iso.datetime(),
  /** Task queues of the hosts. */
  from: z.string(),
  to: z.string(),
});
export type Move = z.infer<typeof Move>;
