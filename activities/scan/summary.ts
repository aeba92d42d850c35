import type { ScanReport, SecretFinding } from '../../domain/index.ts';

/** One line for people: "2 secrets (1 blocking) in 5,442 files". The same secret in several places counts once, notes do not count. */
export function summaryOf(report: ScanReport): string {
  const secrets = distinct(report.findings.filter(({ severity }) => severity !== 'note'));
  const blocking = distinct(report.findings.filter(({ severity }) => severity === 'block'));
  const found = secrets.size === 0 ? 'no secrets' : `${counted(secrets.size, 'secret')} (${number(blocking.size)} blocking)`;
  return `${found} in ${placesOf(report)}${report.complete ? '' : '; not everything could be read'}`;
}

function distinct(findings: SecretFinding[]): Set<string> {
  return new Set(findings.map(({ fingerprint }) => fingerprint));
}

function placesOf({ scanned }: ScanReport): string {
  const places = [counted(scanned.files, 'file')];
  if (scanned.layers > 0) places.push(counted(scanned.layers, 'layer'));
  if (scanned.objects > 0) places.push(counted(scanned.objects, 'git object'));
  return places.join(', ');
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
