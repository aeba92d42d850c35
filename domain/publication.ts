import { z } from 'zod';
import { Sha256 } from './artifact.ts';
import { AuditProblem } from './evidence.ts';
import { AcceptedItem } from './gate.ts';
import { ResourceDescriptor } from './resolved-dependencies.ts';

/** One secret that a publication copy no longer holds. `offset` and `line` are the original's. */
export const Replacement = z.object({
  /** Of the copy: names are replaced as well. */
  path: z.string(),
  /** Where the history holds it: commits of the copy that brought it in, or whose own text it was. */
  commits: z.array(z.string()).optional(),
  what: z.enum(['content', 'name', 'link', 'commit', 'tag', 'ref']),
  line: z.number().int().positive().optional(),
  offset: z.number().int().nonnegative().optional(),
  rule: z.string(),
  kind: z.string(),
  fingerprint: z.string(),
  marker: z.string(),
});
export type Replacement = z.infer<typeof Replacement>;

const Blocked = z.object({ path: z.string(), rule: z.string(), reason: z.string(), fingerprint: z.string().optional() });

/** What a publication copy is and is not: written beside it, signed, and the answer of `reprise publish`. */
export const Publication = z.object({
  schema: z.literal('reprise.publication/v1'),
  source: z.object({ origin: z.string(), run: z.string().optional(), snapshot: Sha256.optional() }),
  at: z.iso.datetime(),
  published: z.boolean(),
  tree: z.object({ files: z.number().int(), sha256: Sha256 }).optional(),
  history: z.object({ objects: z.number().int(), rewritten: z.number().int(), refs: z.record(z.string(), z.string()) }).optional(),
  replaced: z.array(Replacement),
  /** What the copy lacks, in words: reflogs, stashes, contents of submodules and of large-file pointers, signatures. */
  leftOut: z.array(z.string()),
  accepted: z.array(AcceptedItem),
  /** Why nothing was published; empty where it was. */
  blocked: z.array(Blocked),
});
export type Publication = z.infer<typeof Publication>;
export type BlockedItem = z.infer<typeof Blocked>;

/** The in-toto statement that `publication.dsse.json` signs. */
export const PublicationStatement = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(ResourceDescriptor).min(1),
  predicateType: z.literal('urn:reprise:publication:v1'),
  predicate: Publication,
});
export type PublicationStatement = z.infer<typeof PublicationStatement>;

/** What an audit of a published directory found. */
export const PublicationAudit = z.object({
  schema: z.literal('reprise.publication-audit/v1'),
  verified: z.boolean(),
  files: z.object({ checked: z.number().int(), bytes: z.number().int() }),
  signedBy: z.object({ keyid: z.string(), trusted: z.boolean() }).optional(),
  /** What the statement says; absent where it could not be read. */
  publication: Publication.optional(),
  problems: z.array(AuditProblem),
});
export type PublicationAudit = z.infer<typeof PublicationAudit>;
