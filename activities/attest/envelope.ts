import { sign, verify, type KeyObject } from 'node:crypto';
import { canonicalBytes, type DsseEnvelope } from '../../domain/index.ts';
import { keyidOf, type SigningKey } from './keys.ts';

const payloadType = 'application/vnd.in-toto+json';

/** Signs a statement: DSSE v1, Ed25519. The same statement and key give the same bytes. */
export function signStatement(statement: object, key: SigningKey): DsseEnvelope {
  const payload = Buffer.from(canonicalBytes(statement));
  const signature = sign(null, preAuthenticationEncoding(payload), key.privateKey);
  return {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: key.keyid, sig: signature.toString('base64') }],
  };
}

export type SignatureCheck = { keyid: string; verdict: 'valid' | 'invalid' | 'untrusted' };

/** Each signature of the envelope against the trusted key that its keyid names; `untrusted` where none has that id. */
export function checkSignatures(envelope: DsseEnvelope, trustedKeys: readonly KeyObject[]): SignatureCheck[] {
  const keys = new Map(trustedKeys.map((key) => [keyidOf(key), key]));
  const message = preAuthenticationEncoding(Buffer.from(envelope.payload, 'base64'));
  return envelope.signatures.map(({ keyid, sig }) => {
    const key = keys.get(keyid);
    if (!key) return { keyid, verdict: 'untrusted' };
    return { keyid, verdict: verify(null, message, key, Buffer.from(sig, 'base64')) ? 'valid' : 'invalid' };
  });
}

/** PAE of the DSSE specification: what is signed names its type and its lengths, so that no other text reads the same. */
export function preAuthenticationEncoding(payload: Uint8Array, type = payloadType): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
