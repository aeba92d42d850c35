import { mediaTypes, type Artifact, type ScanReport, type StageName } from '../../domain/index.ts';
import { artifactOf, putBlob } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';

/** Stores the report of what one stage looked through, as `scans/<stage>.json`, and counts what the gate counts. */
export async function keepReport(
  store: ObjectStore,
  stage: StageName,
  report: ScanReport,
): Promise<{ artifact: Artifact; complete: boolean; blocking: number; warnings: number }> {
  const blob = await putBlob(store, Buffer.from(`${JSON.stringify(report, null, 1)}\n`), mediaTypes.json);
  const count = (severity: string): number => report.findings.filter((finding) => finding.severity === severity).length;
  return { artifact: artifactOf(blob, `scans/${stage}.json`, 'scan-report'), complete: report.complete, blocking: count('block'), warnings: count('warn') };
}
