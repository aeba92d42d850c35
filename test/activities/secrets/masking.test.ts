import { CancelledFailure, type ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { Dependencies } from '../../../activities/dependencies.ts';
import { failure } from '../../../activities/failure.ts';
import { putBlob, putBlobStream } from '../../../activities/io/blobs.ts';
import { createValueSearch } from '../../../activities/scan/values.ts';
import { guardedStore } from '../../../activities/secrets/guarded-store.ts';
import { createKnownSecrets } from '../../../activities/secrets/known.ts';
import { createMask } from '../../../activities/secrets/mask.ts';
import { runStage, type StageContext, type StageResult } from '../../../activities/stage.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { memoryStore } from '../../fakes/memory-store.ts';
import { fakes } from '../scan/examples.ts';

const value = 'p"ä/ss+w0rd&of the operator=';
const values = [{ name: 'TEAM_KEY', value }];
const token = fakes.huggingFace();
const mask = createMask({ secrets: { TEAM_KEY: value }, httpProxy: undefined, httpsProxy: undefined });
const scratch = mkdtempSync(join(tmpdir(), 'reprise-masking-'));

describe('an error that leaves a stage', () => {
  it('has no secret in its message, its stack or its causes, and is what it was', () => {
    const cause = new Error(`asking https://user:${token}@example.org`, { cause: new TypeError(`with ${value}`) });
    const masked = mask.error(failure('TRAIN_EXIT', `it ended; last line: ${value}`, { cause, logKey: 'cas/1' })) as ApplicationFailure;
    expect(masked).toMatchObject({ type: 'TRAIN_EXIT', nonRetryable: true, details: [{ logKey: 'cas/1' }], message: 'it ended; last line: [redacted:TEAM_KEY]' });
    const all = [masked, masked.cause, masked.cause?.cause as Error].map((error) => `${error?.message} ${error?.stack}`).join('\n');
    expect(all).toContain('with [redacted:TEAM_KEY]');
    for (const secret of [token, value]) expect(all).not.toContain(secret);
  });

  it('is the same error where it holds none', () => {
    for (const error of [failure('TRAIN_EXIT', 'it ended'), new CancelledFailure('cancelled'), new Error('plain')]) expect(mask.error(error)).toBe(error);
  });
});

describe('what a stage says', () => {
  const heartbeats: unknown[] = [];
  async function stage(compute: (context: StageContext) => Promise<StageResult<unknown>>): Promise<unknown> {
    const dependencies = { store: memoryStore(), logger: pino({ enabled: false }), signalProgress: async () => undefined, settings: { secrets: { TEAM_KEY: value } } };
    const environment = new MockActivityEnvironment();
    environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
    return environment.run(() => runStage(dependencies as unknown as Dependencies, { run: 'r', workflowId: 'w', fresh: false }, 'train', undefined, compute));
  }

  it.each([
    ['an outcome', async () => Promise.reject(failure('TRAIN_EXIT', `last line: ${value} ${token}`))],
    ['a fault of the platform', async () => Promise.reject(new Error(`broken by ${value} ${token}`))],
    ['a result', async () => ({ result: { summary: `trained with ${value} ${token}` } })],
    ['progress', async ({ report }) => (report({ message: `step ${token}`, lastLogLine: value }), { result: {} })],
  ] as [string, (context: StageContext) => Promise<StageResult<unknown>>][])('is masked in %s', async (_what, compute) => {
    const outcome = await stage(compute).catch((error: unknown) => [(error as Error).message, (error as Error).stack, ((error as Error).cause as Error | undefined)?.message]);
    const said = JSON.stringify([outcome, heartbeats]);
    expect(said).toContain('[redacted:');
    for (const secret of [token, value, JSON.stringify(value).slice(1, -1)]) expect(said).not.toContain(secret);
  });
});

describe('a store that is guarded', () => {
  const store = memoryStore();
  const guarded = guardedStore(store, createValueSearch(values));

  it.each([
    ['as it is', value],
    ['in base64', Buffer.from(`x${value}`).toString('base64')],
    ['in hexadecimal', Buffer.from(value).toString('hex')],
    ['for printf', `printf '${[...Buffer.from(value)].map((byte) => (/[\w.]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)).join('')}'`],
  ])('takes nothing that holds a value %s, in one piece or streamed', async (_how, text) => {
    const bytes = Buffer.from(`${'x'.repeat(1_000)}${text}${'y'.repeat(1_000)}`);
    await expect(putBlob(guarded, bytes, 'text/plain')).rejects.toMatchObject({ type: 'SECRET_EXPOSED', message: expect.stringContaining('TEAM_KEY') });
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) => bytes.subarray(index * 7, index * 7 + 7));
    await expect(putBlobStream(guarded, Readable.from(pieces), 'text/plain', scratch)).rejects.toMatchObject({ type: 'SECRET_EXPOSED' });
    expect(store.objects.size).toBe(0);
  });

  it('takes everything else', async () => {
    await putBlob(guarded, Buffer.from(`${value.slice(0, -1)} and more`), 'text/plain');
    expect(store.objects.size).toBe(1);
  });
});

it('a process that comes to know a value prints it no more', () => {
  const known = createKnownSecrets([]);
  expect(known.mask(`{"message":"with ${value}"}`)).toContain(value);
  known.learn(values);
  expect(known.mask(`{"message":${JSON.stringify(value)},"other":"${token}"}`)).toBe('{"message":"[redacted:TEAM_KEY]","other":"[redacted:hugging-face-token]"}');
});
