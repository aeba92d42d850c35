import { Acceptance, attestationKey, canonicalJson, mediaTypes, ScanReport, type RunManifest, type Statement } from '../../domain/index.ts';
import { getJson } from '../io/blobs.ts';
import { outcomeOf } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { gateOfReport } from '../scan/gate.ts';
import { problem, type AuditProblem } from './problems.ts';

/** Whether the stored reports and the stated acceptances come to the stated gates. A damaged report is a problem of its own. */
export async function checkGates(store: ObjectStore, { run, artifacts }: RunManifest, statement: Statement): Promise<AuditProblem[]> {
  const { reprise_verdict: verdict, buildDefinition } = statement.predicate;
  const mismatch = (message: string): AuditProblem => problem('gate-mismatch', attestationKey(run), message);
  const acceptances = Acceptance.array().safeParse(buildDefinition.externalParameters['accept'] ?? []);
  const problems = verdict.publishable && verdict.gates?.some(({ open }) => !open) ? [mismatch('a gate is closed, and the run is called publishable')] : [];
  for (const gate of verdict.gates ?? []) {
    const stored = artifacts.find(({ path, role, mediaType }) => role === 'scan-report' && mediaType === mediaTypes.json && path === `scans/${gate.stage}.json`);
    const report = stored && (await readReport(store, stored.sha256));
    if (!report || !acceptances.success) continue;
    const { open, accepted } = gateOfReport(report, acceptances.data);
    if (open !== gate.open || canonicalJson(accepted) !== canonicalJson(gate.accepted)) problems.push(mismatch(`the report of ${gate.stage} and the acceptances give another gate than is stated`));
  }
  return problems;
}

async function readReport(store: ObjectStore, sha256: string): Promise<ScanReport | undefined> {
  try {
    return ScanReport.safeParse(await getJson(store, sha256)).data;
  } catch (error) {
    if (outcomeOf(error)?.code !== 'STORE_CORRUPT') throw error;
    return undefined; // Named by the check of the objects.
  }
}
