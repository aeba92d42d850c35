import { z } from 'zod';

export const FindingSeverity = z.enum(['block', 'warn', 'note']);
export type FindingSeverity = z.infer<typeof FindingSeverity>;

/** One secret, or what looks like one, and never its value. `offset` and `length` are bytes in the innermost content. */
export const SecretFinding = z.object({
  rule: z.string(),
  kind: z.string(),
  severity: FindingSeverity,
  path: z.string(),
  within: z.array(z.string()).optional(),
  line: z.number().int().positive().optional(),
  offset: z.number().int().nonnegative(),
  length: z.number().int().positive(),
  /** HMAC-SHA-256 of the value with the installation's key, hexadecimal. */
  fingerprint: z.string(),
  /** At most a public prefix of the value, e.g. `hf_…`. */
  redacted: z.string(),
});
export type SecretFinding = z.infer<typeof SecretFinding>;

export const ScanReport = z.object({
  schema: z.literal('reprise.scan/v1'),
  complete: z.boolean(),
  incompleteBecause: z.array(z.string()).optional(),
  scanned: z.object({
    files: z.number().int(),
    bytes: z.number().int(),
    objects: z.number().int(),
    layers: z.number().int(),
  }),
  findings: z.array(SecretFinding),
});
export type ScanReport = z.infer<typeof ScanReport>;
