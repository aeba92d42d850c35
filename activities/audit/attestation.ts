import type { KeyObject } from 'node:crypto';
import { attestationKey, DsseEnvelope, manifestKey, manifestSubject, RunManifest, Statement, type AuditReport } from '../../domain/index.ts';
import { hashOf, parseJson } from '../attest/bytes.ts';
import { checkSignatures } from '../attest/envelope.ts';
import type { ObjectStore } from '../io/store.ts';
import { problem, type AuditProblem } from './problems.ts';

/** What is signed and what it is signed about; a part that is missing or does not parse is undefined, and a problem. */
export interface Signed {
  manifest?: RunManifest;
  statement?: Statement;
  manifestSha256: string;
  attestationSha256: string;
  signedBy?: NonNullable<AuditReport['signedBy']>;
  problems: AuditProblem[];
}

/** Reads manifest and envelope of a run; checks the signature and that the statement is about this manifest and this run. */
export async function readSigned(store: ObjectStore, run: string, trustedKeys: readonly KeyObject[]): Promise<Signed> {
  const [manifestBytes, envelopeBytes] = await Promise.all([store.get(manifestKey(run)), store.get(attestationKey(run))]);
  const manifest = RunManifest.safeParse(parseJson(manifestBytes));
  const envelope = DsseEnvelope.safeParse(parseJson(envelopeBytes));
  const statement = Statement.safeParse(envelope.success ? parseJson(Buffer.from(envelope.data.payload, 'base64')) : undefined);
  const signature = envelope.success ? checkSignature(attestationKey(run), envelope.data, trustedKeys) : { problems: [] };
  const manifestSha256 = manifestBytes ? hashOf(manifestBytes) : '';
  return {
    ...(manifest.success && manifest.data.run === run ? { manifest: manifest.data } : {}),
    ...(statement.success ? { statement: statement.data } : {}),
    manifestSha256,
    attestationSha256: envelopeBytes ? hashOf(envelopeBytes) : '',
    ...(signature.signedBy ? { signedBy: signature.signedBy } : {}),
    problems: [
      ...presence(manifestKey(run), manifestBytes, manifest.success, 'manifest-mismatch', 'is not a manifest'),
      ...presence(attestationKey(run), envelopeBytes, envelope.success, 'bad-signature', 'is not a DSSE envelope'),
      ...signature.problems,
      ...(envelope.success && !statement.success ? [problem('bad-signature', attestationKey(run), 'the payload is not a statement of this kind')] : []),
      ...(statement.success && manifestBytes ? checkSubject(run, statement.data, manifestSha256) : []),
      ...(manifest.success ? checkManifest(run, manifest.data) : []),
    ],
  };
}

function presence(key: string, bytes: Uint8Array | undefined, isParsed: boolean, code: 'manifest-mismatch' | 'bad-signature', message: string): AuditProblem[] {
  if (!bytes) return [problem('missing-object', key, `${key} is not in the store`)];
  return isParsed ? [] : [problem(code, key, message)];
}

/** Whether one of the trusted keys has signed; `path` is where the envelope lies. */
export function checkSignature(path: string, envelope: DsseEnvelope, trustedKeys: readonly KeyObject[]): Pick<Signed, 'signedBy' | 'problems'> {
  const checks = checkSignatures(envelope, trustedKeys);
  const valid = checks.find(({ verdict }) => verdict === 'valid');
  if (valid) return { signedBy: { keyid: valid.keyid, trusted: true }, problems: [] };
  const invalid = checks.find(({ verdict }) => verdict === 'invalid');
  const keyid = (invalid ?? checks[0])?.keyid ?? '';
  const found = invalid
    ? problem('bad-signature', path, `the signature does not fit the payload under the key ${keyid}`)
    : problem('untrusted-key', path, `signed with the key ${keyid}, which is none of the trusted ones`);
  return { signedBy: { keyid, trusted: invalid !== undefined }, problems: [found] };
}

function checkSubject(run: string, statement: Statement, manifestSha256: string): AuditProblem[] {
  const found: AuditProblem[] = [];
  const stated = statement.subject.find(({ name }) => name === manifestSubject)?.digest['sha256'];
  if (stated !== manifestSha256) {
    found.push(problem('manifest-mismatch', manifestKey(run), `the manifest has the hash ${manifestSha256}; signed is ${stated ?? 'none'}`));
  }
  const { invocationId } = statement.predicate.runDetails.metadata;
  if (invocationId !== run) found.push(problem('manifest-mismatch', attestationKey(run), `the statement is about the run ${invocationId}`));
  return found;
}

function checkManifest(run: string, manifest: RunManifest): AuditProblem[] {
  if (manifest.run === run) return [];
  return [problem('manifest-mismatch', manifestKey(run), `the manifest is of the run ${manifest.run}`)];
}
