import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditReport, Run } from '../../domain/index.ts';
import { fakes } from '../activities/scan/examples.ts';
import { reprise } from './command.ts';

const root = join(import.meta.dirname, '..', '..');
const token = fakes.huggingFace();
let scratch: string;
let submission: string;
let run: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-publish-'));
  submission = join(scratch, 'entry');
  cpSync(join(root, 'test', 'submissions', 'server-echoes'), submission, { recursive: true });
  writeFileSync(join(submission, 'config.py'), `TOKEN = "${token}"\n`);
  const { stdout } = await reprise(['start', submission, '--suite', join(root, 'examples', 'suites', 'addition'), '--watch', '--json']);
  run = (JSON.parse(stdout) as Run).run;
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function audited(name: string): Promise<AuditReport> {
  return JSON.parse((await reprise(['audit', name, '--json'])).stdout) as AuditReport;
}

it('a run whose source holds a token is reproduced, attested as not publishable, and not exported but to an auditor who may see it', async () => {
  expect(await audited(run)).toMatchObject({ verified: true, publication: { publishable: false } });
  const refused = await reprise(['export', run, join(scratch, 'refused')]);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/NOT_PUBLISHABLE[^]*config\.py:1/) });
  expect(existsSync(join(scratch, 'refused'))).toBe(false);
  expect((await reprise(['export', run, join(scratch, 'private'), '--private'])).exitCode).toBe(0);
});

it('its source is published with a marker in place of the token', async () => {
  expect((await reprise(['publish', run, join(scratch, 'public')])).exitCode).toBe(0);
  expect(readFileSync(join(scratch, 'public', 'tree', 'config.py'), 'utf8')).toMatch(/^TOKEN = "redacted-[0-9a-f]{16}"\n$/);
  expect((await reprise(['scan', join(scratch, 'public')])).exitCode).toBe(0);
  expect(await reprise(['audit', join(scratch, 'public')])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/verified; .*signed by [0-9a-f]{16}\n/) });
});

it('accepted with a reason, the same run is publishable, and everybody can read who said so and why', async () => {
  const [, fingerprint = ''] = /block\s+([0-9a-f]{16})/.exec((await reprise(['scan', submission])).stdout) ?? [];
  const { stdout } = await reprise(['retry', run, '--accept', `${fingerprint}=revoked test account`, '--watch', '--json']);
  const accepted = (JSON.parse(stdout) as Run).run;
  const exported = join(scratch, 'exported');
  expect((await reprise(['export', accepted, exported])).exitCode).toBe(0);
  const { publication } = await audited(exported);
  expect(publication).toMatchObject({ publishable: true });
  expect(publication?.gates.flatMap((gate) => gate.accepted)).toEqual([
    expect.objectContaining({ fingerprint: expect.stringMatching(new RegExp(`^${fingerprint}`)), rule: 'hugging-face-token', place: 'config.py:1', reason: 'revoked test account', by: expect.stringContaining('@') }),
  ]);
});
