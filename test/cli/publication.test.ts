import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Publication, PublicationAudit } from '../../domain/index.ts';
import { fakes } from '../activities/scan/examples.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = join(import.meta.dirname, '..', '..');
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-publication-'));
  mkdirSync(join(scratch, 'entry'));
  writeFileSync(join(scratch, 'entry', 'train.py'), `login("${fakes.huggingFace()}")\n`);
  for (const name of ['signing', 'strange']) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(scratch, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  expect(await reprise('publish', 'entry', 'public')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('reprise audit public --key') });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function reprise(...args: string[]): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const env = { REPRISE_HOME: join(scratch, 'home'), REPRISE_SIGNING_KEY_FILE: join(scratch, 'signing.pem'), REPRISE_FINGERPRINT_KEY_FILE: join(scratch, 'fingerprint.key') };
  const { exitCode, stdout, stderr } = await execa('node', [join(root, 'cli', 'main.ts'), ...args], { cwd: scratch, env, reject: false, preferLocal: true, localDir: root });
  return { exitCode, stdout, stderr };
}

it('a published directory is audited without a stack, by the key that its publisher gave out', async () => {
  const { exitCode, stdout } = await reprise('audit', 'public', '--key', join('public', 'signing.pub.pem'));
  expect(stdout).toMatch(/^Audit of the publication public: verified; 5 files, .*signed by [0-9a-f]{16}\nCopy of .*entry, .*: 1 file; 1 secret replaced\nreplaced {2}tree\/train\.py:1 {2}hugging-face-token/);
  expect(exitCode).toBe(0);
  expect(PublicationAudit.parse(JSON.parse((await reprise('audit', 'public', '--json')).stdout))).toMatchObject({ verified: true, problems: [] });
});

it('a changed byte and a foreign key are named with what to do, and end with 5', async () => {
  expect(await reprise('audit', 'public', '--key', 'strange.pem')).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/does NOT verify.*\(not a key you trust\)[^]*\n {2}untrusted-key {2}publication\.dsse\.json {2}.*\n {2}Next: Give the public key/) });
  const file = join(scratch, 'public', 'tree', 'train.py');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('login', 'logon'));
  expect(await reprise('audit', 'public')).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/\n {2}wrong-hash {2}tree\/train\.py {2}.*\n {2}Next: Do not rely on this copy/) });
  writeFileSync(file, text);
});

it('a publication is not rescored', async () => {
  expect(await reprise('audit', 'public', '--rescore')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('holds no answers to rescore') });
});

it('prints what its schema says', async () => {
  expect(Publication.parse(JSON.parse((await reprise('publish', 'entry', 'other', '--json')).stdout))).toMatchObject({ published: true });
});
