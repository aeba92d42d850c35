import { z } from 'zod';
import type { RunScores } from './answer.ts';
import type { Artifact } from './artifact.ts';
import { canonicalJson } from './canonical.ts';
import type { StageCost } from './cost.ts';
import type { RunManifest } from './evidence.ts';
import { StageGate, type Acceptance } from './gate.ts';
import { resolvedDependencies, ResourceDescriptor, type TakenIn } from './resolved-dependencies.ts';
import type { FailedOutcome, StageName } from './stage.ts';
import type { Submission } from './submission.ts';

/**
 * in-toto Statement v1 (github.com/in-toto/attestation) with a SLSA provenance v1 predicate (slsa.dev/spec/v1.0/provenance).
 * `reprise_verdict` is an extension as SLSA's parsing rules allow it: what the run came to.
 */
export const Statement = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(ResourceDescriptor).min(1),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.looseObject({
    buildDefinition: z.looseObject({
      buildType: z.string(),
      externalParameters: z.record(z.string(), z.unknown()),
      resolvedDependencies: z.array(ResourceDescriptor),
    }),
    runDetails: z.looseObject({
      builder: z.looseObject({ id: z.string() }),
      metadata: z.looseObject({ invocationId: z.string(), startedOn: z.string(), finishedOn: z.string() }),
    }),
    reprise_verdict: z.looseObject({ publishable: z.boolean(), gates: z.array(StageGate).optional(), scores: z.unknown() }),
  }),
});
export type Statement = z.infer<typeof Statement>;

export const buildType = 'urn:reprise:build-type:reproduction:v1';
export const builderId = 'urn:reprise:builder:worker:v1';
export const manifestSubject = 'manifest.json';

/** What is stated about a run; all of it comes from the activity's input and the store, so that a retry states the same bytes. */
export interface Attested {
  run: string;
  workflowId: string;
  submission: Submission;
  suite: string;
  images: { role: string; id: string }[];
  stages: { name: StageName; startedAt: string; endedAt: string; cached: boolean; failure?: FailedOutcome; cost?: StageCost }[];
  scans: { stage: StageName; complete: boolean; blocking: number }[];
  gates: StageGate[];
  /** What the operator accepted when the run was started. */
  accept?: Acceptance[];
  scores?: RunScores;
  manifestSha256: string;
  /** SHA-256 of the training output's tree; undefined where nothing was trained. */
  model?: string;
  takenIn: TakenIn;
  builderVersion: string;
}

/** The statement about a run: its subjects are the manifest, which names every stored byte, and the trained model. */
export function statementOf(attested: Attested): Statement {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: manifestSubject, digest: { sha256: attested.manifestSha256 } },
      ...(attested.model === undefined ? [] : [{ name: 'model', digest: { sha256: attested.model } }]),
    ],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: buildDefinitionOf(attested),
      runDetails: runDetailsOf(attested),
      reprise_verdict: verdictOf(attested),
    },
  };
}

/**
 * The manifest of a run: sorted by path (code units), a path once. Throws where one path stands for two contents, which is a
 * bug of a stage.
 */
export function manifestOf(run: string, artifacts: Iterable<Artifact>): RunManifest {
  const byPath = new Map<string, Artifact>();
  for (const artifact of artifacts) {
    const other = byPath.get(artifact.path);
    if (other && other.sha256 !== artifact.sha256) {
      throw new Error(`two objects are stored as ${artifact.path}: ${other.sha256} and ${artifact.sha256}`);
    }
    byPath.set(artifact.path, other ?? artifact);
  }
  const sorted = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    schema: 'reprise.manifest/v1',
    run,
    artifacts: sorted.map(({ path, key, role, mediaType, sizeBytes, sha256 }) => ({ path, key, role, mediaType, sizeBytes, sha256 })),
  };
}

/** Manifest, statement, envelope and log link are stored as canonical JSON: one text for one value. */
export function canonicalBytes(value: object): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function buildDefinitionOf({ submission, suite, images, takenIn, accept }: Attested): Statement['predicate']['buildDefinition'] {
  return {
    buildType,
    externalParameters: {
      source: submission.origin,
      name: submission.name,
      team: submission.team,
      track: submission.track,
      asOf: submission.asOf.date,
      suite,
      ...(submission.claim ? { claim: submission.claim } : {}),
      ...(accept && accept.length > 0 ? { accept } : {}),
    },
    internalParameters: {
      asOfSource: submission.asOf.source,
      plannedImages: submission.images,
      trainingBudgetMs: submission.trainingBudgetMs,
      readyTimeoutMs: submission.readyTimeoutMs,
      port: submission.port,
      /** Names only; the values are with the operator. */
      secrets: submission.secrets,
      images: images.map(({ role, id }) => ({ role, id })),
    },
    resolvedDependencies: [
      { name: 'snapshot', uri: submission.origin, digest: { sha256: submission.snapshot, ...(submission.commit ? { gitCommit: submission.commit } : {}) } },
      { name: 'suite', digest: { sha256: suite } },
      ...resolvedDependencies(takenIn),
    ],
  };
}

function runDetailsOf({ run, workflowId, stages, images, manifestSha256, builderVersion }: Attested): Statement['predicate']['runDetails'] {
  return {
    builder: { id: builderId, version: { reprise: builderVersion } },
    metadata: {
      invocationId: run,
      startedOn: stages.map(({ startedAt }) => startedAt).sort().at(0) ?? '',
      finishedOn: stages.map(({ endedAt }) => endedAt).sort().at(-1) ?? '',
      reprise_workflowId: workflowId,
    },
    byproducts: [
      { name: manifestSubject, digest: { sha256: manifestSha256 } },
      ...images.map(({ role, id }) => ({ name: `image/${role}`, digest: { sha256: id.replace(/^sha256:/, '') } })),
    ],
  };
}

function verdictOf(attested: Attested): Statement['predicate']['reprise_verdict'] {
  return {
    publishable: attested.gates.every(({ open }) => open),
    gates: attested.gates,
    stages: attested.stages,
    scans: attested.scans,
    scores: attested.scores ?? null,
  };
}
