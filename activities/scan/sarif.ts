import type { ScanReport, SecretFinding } from '../../domain/index.ts';
import { rulesVersion, secretRules } from '../../domain/secrets/index.ts';

/**
 * A report as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), for code hosts and editors. Fingerprints are partial
 * fingerprints; values are not in it. An incomplete scan is an unsuccessful invocation with its reasons as notifications.
 */
export function toSarif(report: ScanReport): object {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'reprise scan', semanticVersion: '1.0.0', version: rulesVersion, rules: rulesOf(report) } },
        invocations: [
          {
            executionSuccessful: report.complete,
            toolExecutionNotifications: (report.incompleteBecause ?? []).map((text) => ({ level: 'error', message: { text } })),
          },
        ],
        results: report.findings.map(resultOf),
      },
    ],
  };
}

const levels = { block: 'error', warn: 'warning', note: 'note' } as const;

function rulesOf(report: ScanReport): object[] {
  const kinds = new Map(report.findings.map(({ rule, kind }) => [rule, kind]));
  const known = new Map(secretRules.map(({ id, kind }) => [id, kind]));
  return [...kinds].map(([id, kind]) => ({ id, shortDescription: { text: known.get(id) ?? kind } }));
}

function resultOf(finding: SecretFinding): object {
  const place = [finding.path, ...(finding.within ?? [])].join(' > ');
  return {
    ruleId: finding.rule,
    level: levels[finding.severity],
    message: { text: `${finding.kind} (${finding.redacted}) in ${place}` },
    locations: [{ physicalLocation: locationOf(finding) }],
    partialFingerprints: { 'reprise/hmac-sha256/v1': finding.fingerprint },
  };
}

/** Offsets inside an archive say nothing about the archive's own bytes, so a region is given for plain files only. */
function locationOf(finding: SecretFinding): object {
  const artifactLocation = { uri: finding.path.split('/').map(encodeURIComponent).join('/') };
  if (finding.within !== undefined) return { artifactLocation };
  const line = finding.line === undefined ? {} : { startLine: finding.line };
  return { artifactLocation, region: { ...line, byteOffset: finding.offset, byteLength: finding.length } };
}
