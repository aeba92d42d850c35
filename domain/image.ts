import { z } from 'zod';
import { Sha256 } from './artifact.ts';

/**
 * A container image as the store keeps it. `id` is the engine's: the hash of the configuration, the same on every host. Layers
 * stand under their diff id, the SHA-256 of the unpacked tar, so that images share them; the lowest comes first.
 */
export const ImageLayout = z.object({
  schema: z.literal('reprise.image/v1'),
  id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  config: Sha256,
  layers: z.array(Sha256),
  repoTags: z.array(z.string()),
});
export type ImageLayout = z.infer<typeof ImageLayout>;

/** The part of an image's configuration that names its layers (OCI image specification, config.md). */
export const ImageConfig = z.object({ rootfs: z.object({ diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)) }) });
