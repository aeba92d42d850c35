import { z } from 'zod';
import { StageName } from './stage.ts';

/** An operator's word that a finding may be published: a test key, a hash that looks like one, an archive known to be harmless. */
export const Acceptance = z.strictObject({
  /** Of the finding, or of the reason why something was not read; as `reprise scan` prints it, or more of it. */
  fingerprint: z.string().regex(/^[0-9a-f]{16,64}$/, 'must be 16 to 64 lower-case hexadecimal digits, as `reprise scan` prints them'),
  reason: z.string().trim().min(3).max(500),
  by: z.string().min(1).max(200),
  at: z.iso.datetime(),
});
export type Acceptance = z.infer<typeof Acceptance>;

/** What a gate is closed by, or would be without its acceptance. */
export const GatedItem = z.object({
  /** Undefined where nobody can accept it: a scan that did not run, reasons that are not listed. */
  fingerprint: z.string().optional(),
  /** The finding's rule, or `unread`. */
  rule: z.string(),
  /** Where it stands, or why it was not read. */
  place: z.string(),
});
export type GatedItem = z.infer<typeof GatedItem>;

export const AcceptedItem = GatedItem.extend({ reason: z.string(), by: z.string(), at: z.string() });
export type AcceptedItem = z.infer<typeof AcceptedItem>;

/** Whether what one scan read may leave the private store. */
export const Gate = z.object({ open: z.boolean(), accepted: z.array(AcceptedItem), closedBecause: z.array(GatedItem) });
export type Gate = z.infer<typeof Gate>;

export const StageGate = Gate.extend({ stage: StageName });
export type StageGate = z.infer<typeof StageGate>;

/** The acceptance that names a fingerprint, if any does. */
export function acceptanceOf(fingerprint: string, acceptances: readonly Acceptance[]): Acceptance | undefined {
  return acceptances.find((acceptance) => fingerprint.startsWith(acceptance.fingerprint));
}

/** Puts what would close a gate on the side of what was accepted, or leaves it closed. */
export function gateOf(items: readonly GatedItem[], acceptances: readonly Acceptance[]): Gate {
  const gate: Gate = { open: true, accepted: [], closedBecause: [] };
  for (const item of items) {
    const acceptance = item.fingerprint === undefined ? undefined : acceptanceOf(item.fingerprint, acceptances);
    if (acceptance) gate.accepted.push({ ...item, reason: acceptance.reason, by: acceptance.by, at: acceptance.at });
    else gate.closedBecause.push(item);
  }
  return { ...gate, open: gate.closedBecause.length === 0 };
}

/** The gates of a run: every stage that would be published needs its scan, and each scan its open gate. */
export function gatesOfRun(scanned: readonly StageGate[], published: { images: boolean; model: boolean }): StageGate[] {
  const required: StageName[] = ['scan-source', ...(published.images ? ['scan-images' as const] : []), ...(published.model ? ['scan-outputs' as const] : [])];
  const missing = required.filter((stage) => !scanned.some((gate) => gate.stage === stage));
  return [...scanned, ...missing.map((stage): StageGate => ({ stage, open: false, accepted: [], closedBecause: [{ rule: 'unread', place: 'the scan did not run' }] }))];
}
