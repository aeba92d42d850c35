import { checkCodes, type CheckFinding, type CheckReport } from '../../domain/index.ts';

/** The findings as SARIF 2.1.0, as code hosts read it. Paths are those of the report; columns are not known. */
export function checkSarif(report: CheckReport, version: string): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'reprise check',
            version,
            rules: Object.entries(checkCodes).map(([id, help]) => ({ id, shortDescription: { text: id }, help: { text: help } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [...(report.manifests ?? []), ...report.dockerfiles].flatMap(({ path, findings }) => findings.map((finding) => resultOf(path, finding))),
      },
    ],
  };
}

function resultOf(path: string, finding: CheckFinding): object {
  return {
    ruleId: finding.code,
    ruleIndex: Object.keys(checkCodes).indexOf(finding.code),
    level: finding.severity,
    message: { text: `${finding.message}. ${finding.nextStep}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: addressOf(path) }, region: { startLine: finding.line } } }],
  };
}

/** A relative address; SARIF wants it percent-encoded. */
function addressOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
