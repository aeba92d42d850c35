import { createCipheriv, createDecipheriv, createHmac, type DecipherGCM, type Hmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';

/**
 * Layout of an encrypted stage: these four bytes, a 12-byte nonce, the AES-256-GCM cipher text, its 16-byte tag.
 *
 * The nonce is HMAC(key, plain text), a synthetic initialisation vector as in SIV: the same questions under the same key give
 * the same bytes and thus the same object, which stages are cached by, and two different texts never share a nonce, which is
 * the one thing that GCM asks for. What it gives away is that two stored suites are the same, which their equal hash means to say.
 */
const magic = Buffer.from('RPS1');
const nonceBytes = 12;
const tagBytes = 16;

export interface SuiteKey {
  /** Names the key in a stored suite, so that a wrong one is told from damage. */
  id: string;
  encryption: Buffer;
  nonce: Buffer;
  questions: Buffer;
}

/** Reads the key of the closed suites. Failures: SUITE_KEY_MISSING where the file is missing or not 32 bytes in hexadecimal. */
export async function readSuiteKey({ suiteKeyFile }: Pick<Settings, 'suiteKeyFile'>): Promise<SuiteKey> {
  const text = await readFile(suiteKeyFile, 'utf8').catch((error: unknown) => {
    throw failure('SUITE_KEY_MISSING', `the key of the closed suites cannot be read: ${(error as Error).message}`, { cause: error });
  });
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) throw failure('SUITE_KEY_MISSING', `${suiteKeyFile} does not hold 32 bytes in hexadecimal`);
  const main = Buffer.from(text.trim(), 'hex');
  // One key a purpose: a value made for one never helps against another.
  const derive = (purpose: string, length: number): Buffer => Buffer.from(hkdfSync('sha256', main, '', `reprise suite ${purpose}`, length));
  return { id: derive('key id', 8).toString('hex'), encryption: derive('encryption', 32), nonce: derive('nonce', 32), questions: derive('questions', 32) };
}

export function encryptQuestions(key: SuiteKey, plain: Uint8Array): Buffer {
  const nonce = createHmac('sha256', key.nonce).update(plain).digest().subarray(0, nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key.encryption, nonce).setAAD(magic);
  return Buffer.concat([magic, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** A text too large for memory, in portions, each time from its beginning. */
export type Portions = () => AsyncIterable<Uint8Array>;

/** `encryptQuestions` in portions, of the same bytes; the text is read twice, since its nonce follows from all of it. */
export async function* encryptPortions(key: SuiteKey, plain: Portions): AsyncGenerator<Buffer> {
  const mac = createHmac('sha256', key.nonce);
  for await (const portion of plain()) mac.update(portion);
  const nonce = mac.digest().subarray(0, nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key.encryption, nonce).setAAD(magic);
  yield Buffer.concat([magic, nonce]);
  for await (const portion of plain()) yield cipher.update(portion);
  yield Buffer.concat([cipher.final(), cipher.getAuthTag()]);
}

/** The plain text in portions, not to be used before the last has come: only then `wrong` is thrown where it was changed or has another key. */
export async function* decryptPortions(key: SuiteKey, encrypted: AsyncIterable<Uint8Array>, wrong: () => Error): AsyncGenerator<Buffer> {
  let decipher: DecipherGCM | undefined;
  let held = Buffer.alloc(0);
  for await (const portion of encrypted) {
    held = Buffer.concat([held, portion]);
    if (!decipher && held.length >= magic.length + nonceBytes) {
      if (!held.subarray(0, magic.length).equals(magic)) throw wrong();
      decipher = createDecipheriv('aes-256-gcm', key.encryption, held.subarray(magic.length, magic.length + nonceBytes)).setAAD(magic);
      held = held.subarray(magic.length + nonceBytes);
    }
    if (!decipher || held.length <= tagBytes) continue;
    yield decipher.update(held.subarray(0, -tagBytes));
    held = held.subarray(-tagBytes);
  }
  if (!decipher || held.length !== tagBytes) throw wrong();
  const last = finished(() => (decipher as DecipherGCM).setAuthTag(held).final());
  if (!last) throw wrong();
  yield last;
}

/** The plain text, or undefined where the bytes were not encrypted with this key or were changed since. */
export function decryptQuestions(key: SuiteKey, encrypted: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(encrypted);
  if (bytes.length < magic.length + nonceBytes + tagBytes || !bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const body = bytes.subarray(magic.length + nonceBytes, -tagBytes);
  const nonce = bytes.subarray(magic.length, magic.length + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key.encryption, nonce).setAAD(magic).setAuthTag(bytes.subarray(-tagBytes));
  const plain = decipher.update(body);
  const last = finished(() => decipher.final());
  return last && Buffer.concat([plain, last]);
}

function finished(finish: () => Buffer): Buffer | undefined {
  try {
    return finish();
  } catch {
    return undefined; // final() knows only that the tag does not fit.
  }
}

/** A fingerprint of the plain text that only who has the key can make, and so check a guess by; feed it the text in order. */
export function questionsFingerprint(key: SuiteKey): Hmac {
  return createHmac('sha256', key.questions);
}

export function sameFingerprint(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
