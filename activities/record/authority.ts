// oxlint-disable-next-line import/no-unassigned-import -- the library of certificates needs it loaded before itself.
import 'reflect-metadata';
import { createHash, createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { failure } from '../failure.ts';

/** The certificate authority of this installation, which builds trust while they are recorded or replayed. */
export interface Authority {
  /** PEM of its certificate. */
  certificate: string;
  /** A certificate for a name or an address, made once. */
  contextFor(host: string): Promise<SecureContext>;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;

/**
 * Reads the authority's key and certificate from `file`, which is made if it is not there. It is one for all builds: the
 * certificate is copied into them, and another one each time would take every layer out of the engine's cache. Its key never
 * leaves this machine. Failures: PLATFORM_ERROR where the file cannot be read or written.
 */
export async function openAuthority(file: string): Promise<Authority> {
  const pem = await readFile(file, 'utf8').catch(() => makeAuthority(file));
  const { key, certificate } = await parsed(pem, file);
  const contexts = new Map<string, Promise<SecureContext>>();
  const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  return {
    certificate: certificate.toString('pem') + '\n',
    contextFor(host) {
      const known = contexts.get(host);
      if (known) return known;
      const made = leaf(host, keys, { key, certificate });
      contexts.set(host, made);
      return made;
    },
  };
}

interface Issuer {
  key: webcrypto.CryptoKey;
  certificate: x509.X509Certificate;
}

async function parsed(pem: string, file: string): Promise<Issuer> {
  try {
    const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
    const key = await webcrypto.subtle.importKey('pkcs8', der, curve, false, ['sign']);
    return { key, certificate: new x509.X509Certificate(new X509Certificate(pem).raw) };
  } catch (error) {
    throw failure('PLATFORM_ERROR', `reading the authority of recordings ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Whole or not at all, and never over a file that another build has made meanwhile. */
async function makeAuthority(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
    await writeFile(temporary, await newAuthority(), { mode: 0o600, flag: 'wx' });
    await link(temporary, file).catch(unlessThere);
    await rm(temporary);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw failure('PLATFORM_ERROR', `making the authority of recordings ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function newAuthority(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Reprise recording, O=Reprise',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3_650 * day),
    signingAlgorithm: curve,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return privatePem(keys.privateKey) + certificate.toString('pem') + '\n';
}

/** All hosts share one key: what is told apart is their names. 397 days is the most that clients accept. */
async function leaf(host: string, keys: webcrypto.CryptoKeyPair, issuer: Issuer): Promise<SecureContext> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [host.length > 64 ? createHash('sha256').update(host).digest('hex').slice(0, 32) : host] }],
    issuer: issuer.certificate.subject,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 396 * day),
    signingAlgorithm: curve,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: isIP(host) ? 'ip' : 'dns', value: host }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
    ],
  });
  return createSecureContext({ key: privatePem(keys.privateKey), cert: certificate.toString('pem') });
}

function privatePem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function serialNumber(): string {
  return `01${randomBytes(15).toString('hex')}`;
}
