import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { openFileMask, type FileMask } from '../../../activities/secrets/file-mask.ts';

const value = 'p"ä/ss+w0rd&of the operator=';
const directory = mkdtempSync(join(tmpdir(), 'reprise-file-mask-'));
const fingerprintKeyFile = join(directory, 'fingerprint.key');
writeFileSync(fingerprintKeyFile, '11'.repeat(32));
const settings = { fingerprintKeyFile, scratchDirectory: directory };

async function opened(): Promise<FileMask> {
  const mask = await openFileMask({ ...settings, exposedSecrets: [{ name: 'TEAM_KEY', value }] });
  if (!mask) throw new Error('no mask');
  return mask;
}

async function masked(bytes: Buffer, mask?: FileMask): Promise<Buffer | undefined> {
  const stream = await (mask ?? (await opened())).mask('logs/notes.txt', () => Readable.from([bytes.subarray(0, 1_000), bytes.subarray(1_000)]));
  return stream && buffer(stream);
}

it('is none where a run has no secrets', async () => {
  expect(await openFileMask(settings)).toBeUndefined();
});

it.each([
  ['as it is', value],
  ['in JSON', JSON.stringify({ value })],
  ['in base64', Buffer.from(value).toString('base64')],
])('replaces a value in text, %s, and reports it', async (_how, text) => {
  const mask = await opened();
  const result = await masked(Buffer.from(`${'line\n'.repeat(300)}${text}\nnaïve end\n`), mask);
  expect(result?.toString('utf8')).toMatch(/^(line\n){300}.*\[redacted:TEAM_KEY\][^]*naïve end\n$/);
  expect(mask.report()).toMatchObject({ complete: true, scanned: { files: 1 }, findings: [{ rule: 'given-secret', kind: 'the secret TEAM_KEY', severity: 'block', path: 'logs/notes.txt' }] });
  expect(JSON.stringify(mask.report())).not.toContain(JSON.stringify(value).slice(1, -1));
});

it('gives the same fingerprint whatever the value stood in', async () => {
  const mask = await opened();
  for (const text of [value, Buffer.from(value).toString('hex'), encodeURIComponent(value)]) await masked(Buffer.from(text), mask);
  expect(new Set(mask.report().findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
});

it('leaves everything else as it is', async () => {
  expect(await masked(Buffer.from('epoch 1 of 3'))).toBeUndefined();
  expect(await masked(Buffer.from([0, 1, 2, 0xff]))).toBeUndefined();
});

it.each([
  ['binary', Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(value)]), 'is no text'],
  ['no UTF-8', Buffer.concat([Buffer.from(value), Buffer.from([0xff, 0xfe])]), 'is no text'],
  ['packed', gzipSync(`token = ${value}`), 'packed in'],
])('refuses a file that holds a value and is %s', async (_how, bytes, said) => {
  await expect(masked(bytes)).rejects.toMatchObject({ type: 'SECRET_EXPOSED', message: expect.stringContaining(`logs/notes.txt holds the secret TEAM_KEY`) });
  await expect(masked(bytes)).rejects.toThrow(said);
});
