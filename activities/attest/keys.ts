import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { failure } from '../failure.ts';

/** A pair of Ed25519 keys; `keyid` is the SHA-256 of the public key's SPKI DER, hexadecimal. */
export interface SigningKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  keyid: string;
}

/** Reads the private key (PKCS #8 PEM) that signs attestations. Failures: SIGNING_KEY_MISSING, also where it is of another kind. */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const privateKey = await readPrivateKey(path);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, keyid: keyidOf(publicKey) };
}

export function keyidOf(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
}

export function publicKeyPem(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

async function readPrivateKey(path: string): Promise<KeyObject> {
  let key: KeyObject;
  try {
    key = createPrivateKey(await readFile(path, 'utf8'));
  } catch (error) {
    // The message is the system's or OpenSSL's; neither quotes the file's content.
    throw failure('SIGNING_KEY_MISSING', `reading the key ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw failure('SIGNING_KEY_MISSING', `the key ${path} is ${key.asymmetricKeyType ?? 'of no known kind'}, not ed25519`);
}
