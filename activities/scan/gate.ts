import { createHash } from 'node:crypto';
import { gateOf, type Acceptance, type Gate, type GatedItem, type ScanReport } from '../../domain/index.ts';

/**
 * Whether what a scan read may leave the private store: it was read completely and nothing blocks, or an operator accepted
 * each blocking finding, and each reason for incompleteness, by its fingerprint.
 */
export function gateOfReport(report: ScanReport, acceptances: readonly Acceptance[]): Gate {
  return gateOf([...unreadItems(report), ...blockingItems(report)], acceptances);
}

/** What an acceptance names where something was not read. No secret is in a reason, so its hash needs no key. */
export function fingerprintOfReason(reason: string): string {
  return createHash('sha256').update(`unread ${reason}`).digest('hex');
}

/** "and 12 more reasons" says nothing that could be accepted. */
function unreadItems({ complete, incompleteBecause = [] }: ScanReport): GatedItem[] {
  if (!complete && incompleteBecause.length === 0) return [{ rule: 'unread', place: 'the scan does not say what it left out' }];
  return incompleteBecause.map((reason) => {
    const isListed = !/^and \d+ more reasons$/.test(reason);
    return { ...(isListed && { fingerprint: fingerprintOfReason(reason) }), rule: 'unread', place: reason };
  });
}

/** The same secret in several places is one item: what is accepted is the value. */
function blockingItems({ findings }: ScanReport): GatedItem[] {
  const items = new Map<string, { item: GatedItem; more: number }>();
  for (const { severity, fingerprint, rule, path, within = [], line } of findings) {
    if (severity !== 'block') continue;
    const known = items.get(fingerprint);
    const place = [path, ...within].join(' > ') + (line === undefined ? '' : `:${line}`);
    if (known) known.more += 1;
    else items.set(fingerprint, { item: { fingerprint, rule, place }, more: 0 });
  }
  return [...items.values()].map(({ item, more }) => ({ ...item, place: more === 0 ? item.place : `${item.place} and ${more} more places` }));
}
