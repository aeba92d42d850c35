import { expect, test } from 'vitest';
import { toSarif } from '../../../activities/scan/sarif.ts';
import type { ScanReport } from '../../../domain/index.ts';

const finding = { rule: 'hugging-face-token', kind: 'Hugging Face user access token', severity: 'block' as const, offset: 7, length: 37, fingerprint: 'f'.repeat(64), redacted: 'hf_…' };
const report: ScanReport = {
  schema: 'reprise.scan/v1',
  complete: false,
  incompleteBecause: ['a.zip: the zip is broken'],
  scanned: { files: 2, bytes: 90, objects: 0, layers: 0 },
  findings: [
    { ...finding, path: 'a b/main.py', line: 3 },
    { ...finding, path: 'x.zip', within: ['main.py'], severity: 'warn' },
  ],
};

test('findings become results with level, place and fingerprint; what was not read becomes a notification', () => {
  expect(toSarif(report)).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        invocations: [{ executionSuccessful: false, toolExecutionNotifications: [{ message: { text: 'a.zip: the zip is broken' } }] }],
        tool: { driver: { rules: [{ id: 'hugging-face-token' }] } },
        results: [
          {
            level: 'error',
            locations: [{ physicalLocation: { artifactLocation: { uri: 'a%20b/main.py' }, region: { startLine: 3, byteOffset: 7, byteLength: 37 } } }],
            partialFingerprints: { 'reprise/hmac-sha256/v1': finding.fingerprint },
          },
          { level: 'warning', message: { text: 'Hugging Face user access token (hf_…) in x.zip > main.py' } },
        ],
      },
    ],
  });
});
