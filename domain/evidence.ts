import { z } from 'zod';
import { ArtifactRole, Sha256 } from './artifact.ts';
import { StageGate } from './gate.ts';

/** `runs/<run>/manifest.json`: everything a run stored, sorted by path. */
export const RunManifest = z.object({
  schema: z.literal('reprise.manifest/v1'),
  run: z.string(),
  artifacts: z.array(
    z.object({
      path: z.string(),
      key: z.string(),
      role: ArtifactRole,
      mediaType: z.string(),
      sizeBytes: z.number().int().nonnegative(),
      sha256: Sha256,
    }),
  ),
});
export type RunManifest = z.infer<typeof RunManifest>;

/** Dead Simple Signing Envelope v1 (github.com/secure-systems-lab/dsse). `keyid` = SHA-256 of the public key's SPKI DER. */
export const DsseEnvelope = z.object({
  payloadType: z.literal('application/vnd.in-toto+json'),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })).min(1),
});
export type DsseEnvelope = z.infer<typeof DsseEnvelope>;

/** One link of `log/<seq>.json`. `previous` is the SHA-256 of the link before, null for the first. */
export const LogEntry = z.object({
  schema: z.literal('reprise.log/v1'),
  sequence: z.number().int().nonnegative(),
  previous: Sha256.nullable(),
  run: z.string(),
  manifestSha256: Sha256,
  attestationSha256: Sha256,
});
export type LogEntry = z.infer<typeof LogEntry>;

/** L0: hashes and signature hold. L1: the score recomputed from the stored answers is identical. L2-L4: see DESIGN. */
export const AuditLevel = z.enum(['L0', 'L1', 'L2', 'L3', 'L4']);

/** `path` is the manifest's path where the object has one, else its key in the store. */
export const AuditProblem = z.object({ code: z.string(), path: z.string(), message: z.string(), nextStep: z.string() });

export const AuditReport = z.object({
  schema: z.literal('reprise.audit/v1'),
  run: z.string(),
  level: AuditLevel.nullable(),
  verified: z.boolean(),
  objects: z.object({ checked: z.number().int(), bytes: z.number().int() }),
  /** What the statement says of the gates; absent where it could not be read. */
  publication: z.object({ publishable: z.boolean(), gates: z.array(StageGate) }).optional(),
  signedBy: z.object({ keyid: z.string(), trusted: z.boolean() }).optional(),
  problems: z.array(AuditProblem),
  rescored: z
    .object({
      stages: z.array(z.object({ stage: z.string(), stored: z.number(), recomputed: z.number().nullable(), note: z.string().optional() })),
      identical: z.boolean(),
    })
    .optional(),
});
export type AuditReport = z.infer<typeof AuditReport>;
