import { gatesOfRun, limits, mediaTypes, ScanReport, type Gate, type GatedItem, type StageGate } from '../../domain/index.ts';
import type { AttestInput } from '../../workflows/contract.ts';
import { getJson } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import { gateOfReport } from '../scan/gate.ts';

/** The gates of a run's scans with what the operator accepted. A scan that failed has no report, and nothing of it can be accepted. */
export async function gatesOf(store: ObjectStore, input: AttestInput, published: { images: boolean; model: boolean }): Promise<StageGate[]> {
  const gates: StageGate[] = [];
  for (const scan of input.scans) gates.push({ stage: scan.stage, ...shortened(await gateOfScan(store, input, scan)) });
  return gatesOfRun(gates, published);
}

async function gateOfScan(store: ObjectStore, { artifacts, accept = [] }: AttestInput, scan: AttestInput['scans'][number]): Promise<Gate> {
  if (scan.complete && scan.blocking === 0) return { open: true, accepted: [], closedBecause: [] };
  const stored = artifacts.find(({ role, mediaType, path }) => role === 'scan-report' && mediaType === mediaTypes.json && path === `scans/${scan.stage}.json`);
  if (!stored) return { open: false, accepted: [], closedBecause: [{ rule: 'unread', place: 'the scan failed' }] };
  return gateOfReport(ScanReport.parse(await getJson(store, stored.sha256)), accept);
}

/** An attestation stays readable; the reports, which it signs as well, have the rest. */
function shortened(gate: Gate): Gate {
  const more = gate.closedBecause.length - limits.gateItems;
  if (more <= 0) return gate;
  const rest: GatedItem = { rule: 'more', place: `and ${more} more; see the report` };
  return { ...gate, closedBecause: [...gate.closedBecause.slice(0, limits.gateItems), rest] };
}
