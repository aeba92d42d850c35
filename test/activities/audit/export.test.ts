import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { auditRun } from '../../../activities/audit/audit.ts';
import { exportedKeyPath, exportRun, findRunIn } from '../../../activities/audit/export.ts';
import { createDirectoryStore } from '../../../activities/io/directory.ts';
import type { ObjectStore } from '../../../activities/io/store.ts';
import { answerJournalKey, type AuditReport } from '../../../domain/index.ts';
import { newSigningKey } from '../../fakes/attested-run.ts';
import { keyOf, memoryEvidence, otherRuns } from '../../fakes/evidence.ts';

let key: SigningKey & { file: string };
beforeAll(async () => void (key = await newSigningKey()));

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'reprise-export-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = 'addition-1a2b3c4d';
const audit = (store: ObjectStore): Promise<AuditReport> => auditRun(store, run, { trustedKeys: [key.publicKey] });

describe('an export', () => {
  test('is the run, its key and the log, names its run, and can be repeated', async () => {
    const { store } = await memoryEvidence(key);
    const first = await exportRun(store, run, directory, { publicKey: key.publicKey });
    expect(await findRunIn(directory)).toBe(run);
    expect(await readFile(join(directory, exportedKeyPath), 'utf8')).toContain('BEGIN PUBLIC KEY');
    expect(await exportRun(store, run, directory)).toEqual(first);
  });

  test('completes what a broken-off one left', async () => {
    const evidence = await memoryEvidence(key);
    await exportRun(evidence.store, run, directory);
    await rm(join(directory, keyOf(evidence, 'model')));
    await exportRun(evidence.store, run, directory);
    expect((await audit(createDirectoryStore(directory))).verified).toBe(true);
  });

  test('takes along what was added, so that the audit of the copy finds it too', async () => {
    const { store, write } = await memoryEvidence(key);
    await write(answerJournalKey(run, 'evaluate-open', 7), Buffer.from('{}\n'));
    await exportRun(store, run, directory);
    expect((await audit(createDirectoryStore(directory))).problems[0]?.code).toBe('unlisted-object');
  });

  test('refuses a directory with something else, or of another run', async () => {
    const { store } = await memoryEvidence(key);
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await expect(exportRun(store, run, directory)).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining('not empty') });
    await rm(join(directory, 'notes.txt'));
    await exportRun(store, otherRuns[0], directory);
    await expect(exportRun(store, run, directory)).rejects.toMatchObject({ message: expect.stringContaining(otherRuns[0]) });
  });

  test('of a damaged object stops and names it', async () => {
    const evidence = await memoryEvidence(key);
    const damaged = keyOf(evidence, 'answers');
    await evidence.write(damaged, Buffer.from('x'));
    await expect(exportRun(evidence.store, run, directory)).rejects.toMatchObject({ type: 'STORE_CORRUPT', message: expect.stringContaining(damaged) });
  });

  test('of a run that was not attested, or a directory that is none, is refused', async () => {
    const { store } = await memoryEvidence(key);
    await expect(exportRun(store, 'nobody-00000000', directory)).rejects.toMatchObject({ type: 'REQUEST_INVALID' });
    await expect(findRunIn(directory)).rejects.toMatchObject({ type: 'REQUEST_INVALID' });
  });
});
