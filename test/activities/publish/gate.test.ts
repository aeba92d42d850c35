import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkSignatures } from '../../../activities/attest/envelope.ts';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { fingerprintOfReason } from '../../../activities/scan/gate.ts';
import { createSession } from '../../../activities/scan/session.ts';
import { DsseEnvelope, type Acceptance, type Publication } from '../../../domain/index.ts';
import { newSigningKey } from '../../fakes/attested-run.ts';
import { fakes } from '../scan/examples.ts';
import { fingerprintKey, useWorkplace } from './source.ts';

const token = fakes.huggingFace();
const place = useWorkplace();
let key: SigningKey & { file: string };
beforeAll(async () => void (key = await newSigningKey()));

const accepting = (fingerprint = ''): Acceptance => ({ fingerprint, reason: 'a key of the test server', by: 'op@host', at: '2026-01-01T00:00:00.000Z' });
const fingerprintIn = ({ blocked }: Publication): string => blocked[0]?.fingerprint ?? '';

describe('a secret in a binary', () => {
  test('blocks; accepted by its fingerprint it is published, with the reason under the signature', async () => {
    place.git('init', '-q');
    place.write('model.bin', Buffer.concat([Buffer.alloc(8), Buffer.from(token)]));
    place.commit('one');
    const first = await place.publishHistory();
    expect(first).toMatchObject({ published: false, blocked: [{ rule: 'hugging-face-token' }] });
    const acceptance = accepting(fingerprintIn(first).slice(0, 16));
    const second = await place.publishHistory([acceptance], key.file);
    expect(second).toMatchObject({ published: true, blocked: [], accepted: [{ fingerprint: fingerprintIn(first), reason: acceptance.reason, by: acceptance.by, at: acceptance.at }] });
    const envelope = DsseEnvelope.parse(JSON.parse(readFileSync(join(place.target, 'publication.dsse.json'), 'utf8')));
    expect(checkSignatures(envelope, [key.publicKey])).toEqual([{ keyid: key.keyid, verdict: 'valid' }]);
    expect(JSON.parse(Buffer.from(envelope.payload, 'base64').toString())).toMatchObject({ predicate: { accepted: [{ reason: acceptance.reason }] } });
  });

  test('is not published without a signature, nor with the fingerprint of something else', async () => {
    place.git('init', '-q');
    place.write('model.bin', Buffer.concat([Buffer.alloc(8), Buffer.from(token)]));
    place.commit('one');
    const first = await place.publishHistory();
    await expect(place.publishHistory([accepting(fingerprintIn(first))])).rejects.toMatchObject({ type: 'SIGNING_KEY_MISSING' });
    expect(await place.publishHistory([accepting('0'.repeat(64))], key.file)).toMatchObject({ published: false });
    expect(existsSync(place.target)).toBe(false);
  });
});

test('an accepted value stays as it is, the others are replaced', async () => {
  const other = fakes.huggingFace();
  place.git('init', '-q');
  place.write('a.py', `accepted = "${token}"\nother = "${other}"\n`);
  place.commit('one');
  const accepted = createSession({ fingerprintKey }).fingerprintOf(token);
  const publication = await place.publishHistory([accepting(accepted)], key.file);
  expect(publication).toMatchObject({ published: true, replaced: [{ line: 2 }], accepted: [{ fingerprint: accepted }] });
  expect(place.copied('show', 'main:a.py')).toContain(token);
  expect(place.copied('show', 'main:a.py')).not.toContain(other);
});

test('what was not read blocks until its very reason is accepted', async () => {
  place.git('init', '-q');
  place.write('a.gz', gzipSync('x').subarray(0, 15));
  place.commit('one');
  const { published, blocked } = await place.publishHistory();
  expect(published).toBe(false);
  expect(blocked).toEqual([expect.objectContaining({ rule: 'unread', reason: expect.stringMatching(/^not read: .*gzip data is broken/) })]);
  const reason = blocked[0]?.reason.replace('not read: ', '') ?? '';
  expect(blocked[0]?.fingerprint).toBe(fingerprintOfReason(reason));
  expect(await place.publishHistory([accepting(blocked[0]?.fingerprint)], key.file)).toMatchObject({ published: true, accepted: [{ rule: 'unread', place: reason }] });
});
