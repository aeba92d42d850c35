import { existsSync, mkdtempSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dropSecrets, keepSecrets, readSecrets } from '../../../activities/secrets/files.ts';
import { limits } from '../../../domain/index.ts';

const values = { HF_TOKEN: 'a value of the operator' };

function emptyDirectory(): string {
  return join(mkdtempSync(join(tmpdir(), 'reprise-secrets-')), 'secrets');
}

it('keeps values where only their user reads them, until they are dropped', async () => {
  const directory = emptyDirectory();
  const handle = await keepSecrets(directory, values);
  expect(await readSecrets(directory, { handle, names: ['HF_TOKEN'] })).toEqual(values);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o600]);
  await dropSecrets(directory, handle);
  expect(readdirSync(directory)).toEqual([]);
  await expect(readSecrets(directory, { handle, names: ['HF_TOKEN'] })).rejects.toMatchObject({ type: 'SECRET_MISSING' });
});

it('names what a file lacks, and does not quote a broken one', async () => {
  const directory = emptyDirectory();
  const handle = await keepSecrets(directory, values);
  await expect(readSecrets(directory, { handle, names: ['HF_TOKEN', 'OTHER'] })).rejects.toMatchObject({ type: 'SECRET_MISSING', message: expect.stringContaining('OTHER:') });
  writeFileSync(join(directory, `${handle}.json`), `{"values": "${values.HF_TOKEN}`);
  await expect(readSecrets(directory, { handle, names: ['HF_TOKEN'] })).rejects.not.toThrow(values.HF_TOKEN);
});

it('forgets with the next run what a run left whose end nobody saw', async () => {
  const directory = emptyDirectory();
  const [old, young, ended] = [await keepSecrets(directory, values), await keepSecrets(directory, values), await keepSecrets(directory, values)];
  const longAgo = new Date(Date.now() - limits.secretsKeptMs - 1_000);
  utimesSync(join(directory, `${old}.json`), longAgo, longAgo);
  await dropSecrets(directory, ended);
  expect([old, young, ended].map((handle) => existsSync(join(directory, `${handle}.json`)))).toEqual([false, true, false]);
});
