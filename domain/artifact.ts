import { z } from 'zod';

/** Lower-case hexadecimal SHA-256, 64 characters. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
export type Sha256 = z.infer<typeof Sha256>;

/** What a stored object is for; an auditor reads a manifest by role. */
export const ArtifactRole = z.enum([
  'snapshot',
  'suite',
  'scan-report',
  'pin-report',
  'dockerfile',
  'recording',
  'log',
  'image',
  'image-blob',
  'model',
  'answers',
  'scores',
  'history',
  'file',
]);
export type ArtifactRole = z.infer<typeof ArtifactRole>;

/**
 * A reference to bytes in the object store; the bytes themselves never travel through Temporal.
 * `path` is the name under which the object stands in the run's manifest, `key` where the store keeps it.
 */
export const Artifact = z.object({
  path: z.string().min(1),
  key: z.string().min(1),
  sha256: Sha256,
  sizeBytes: z.number().int().nonnegative(),
  mediaType: z.string().min(1),
  role: ArtifactRole,
});
export type Artifact = z.infer<typeof Artifact>;

export const mediaTypes = {
  json: 'application/json',
  jsonLines: 'application/jsonl',
  text: 'text/plain; charset=utf-8',
  bytes: 'application/octet-stream',
  tree: 'application/vnd.reprise.tree.v1+json',
  image: 'application/vnd.reprise.image.v1+json',
  encrypted: 'application/vnd.reprise.aes-256-gcm',
  dsse: 'application/vnd.dsse.envelope.v1+json',
} as const;
