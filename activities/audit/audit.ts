import type { KeyObject } from 'node:crypto';
import type { AuditReport, RunManifest, Statement } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { readSigned, type Signed } from './attestation.ts';
import { checkChain } from './chain.ts';
import { checkGates } from './gates.ts';
import { checkHistory } from './history.ts';
import { checkObjects, checkReferences, checkUnlisted, type ObjectsCheck, type Progress } from './objects.ts';
import { levelOf, type AuditProblem } from './problems.ts';
import { checkScores, type Rescoring } from './rescore.ts';
import { recomputeWith } from './recompute.ts';

export interface AuditOptions {
  /** Public keys that may have signed. A key that lies beside the evidence proves nothing and is not read. */
  trustedKeys: readonly KeyObject[];
  /** Recompute the scores, the closed ones only where this file holds their key. */
  rescore?: { suiteKeyFile: string };
  signal?: AbortSignal;
  report?: (progress: Progress) => void;
}

/**
 * Verifies everything that a run stored, in S3 or in an exported directory alike: signature, manifest, every object, the hash
 * chain, the history, and with `rescore` the score. What does not hold is in `problems`, never thrown.
 * Failures: STORE_UNREACHABLE; an abort of `signal`.
 */
export async function auditRun(store: ObjectStore, run: string, options: AuditOptions): Promise<AuditReport> {
  const signed = await readSigned(store, run, options.trustedKeys);
  const { objects, problems } = await checkStored(store, signed.manifest, options);
  const chain = await checkChain(store, { run, manifestSha256: signed.manifestSha256, attestationSha256: signed.attestationSha256 });
  const content = await checkContent(store, signed, options);
  const all = [...signed.problems, ...problems, ...chain, ...content.problems];
  return {
    schema: 'reprise.audit/v1',
    run,
    level: levelOf(all, content.rescored),
    verified: all.length === 0,
    objects,
    ...(signed.statement ? { publication: statedPublication(signed.statement) } : {}),
    ...(signed.signedBy ? { signedBy: signed.signedBy } : {}),
    problems: all,
    ...(content.rescored ? { rescored: content.rescored } : {}),
  };
}

function statedPublication({ predicate: { reprise_verdict: verdict } }: Statement): NonNullable<AuditReport['publication']> {
  return { publishable: verdict.publishable, gates: verdict.gates ?? [] };
}

async function checkStored(
  store: ObjectStore,
  manifest: RunManifest | undefined,
  options: AuditOptions,
): Promise<{ objects: AuditReport['objects']; problems: AuditProblem[] }> {
  if (!manifest) return { objects: { checked: 0, bytes: 0 }, problems: [] };
  const { checked, bytes, problems }: ObjectsCheck = await checkObjects(store, manifest, options);
  const damaged = new Set(problems.map(({ path }) => path));
  const unlisted = await checkUnlisted(store, manifest);
  return { objects: { checked, bytes }, problems: [...problems, ...unlisted, ...(await checkReferences(store, manifest, damaged))] };
}

/** What the objects say: only where manifest and statement could be read. */
async function checkContent(store: ObjectStore, { manifest, statement }: Signed, options: AuditOptions): Promise<Rescoring> {
  if (!manifest || !statement) return { problems: [] };
  const history = await checkHistory(store, manifest, statement);
  history.problems.push(...(await checkGates(store, manifest, statement)));
  if (!options.rescore) return { problems: history.problems };
  const rescoring = await checkScores(manifest, statement, history.scored, recomputeWith(store, options.rescore.suiteKeyFile));
  return { ...rescoring, problems: [...history.problems, ...rescoring.problems] };
}
