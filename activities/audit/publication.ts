import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, DsseEnvelope, PublicationStatement, subtree, Tree, type PublicationAudit, type TreeEntry } from '../../domain/index.ts';
import { hashOf, parseJson } from '../attest/bytes.ts';
import { listFiles } from '../publish/file-list.ts';
import { publishedNames } from '../publish/statement.ts';
import { checkSignature } from './attestation.ts';
import { problem, type AuditProblem } from './problems.ts';

/** Whether a directory was made by `reprise publish`, or is what is left of one. */
export function isPublication(directory: string): boolean {
  return [publishedNames.report, publishedNames.envelope].some((name) => existsSync(join(directory, name)));
}

/**
 * Verifies a published directory by itself: who signed the statement, that its list of files is the signed one, and that every
 * byte of `tree/`, `history.git/` and `publication.json` is as listed and nothing stands beside. What does not hold is in
 * `problems`, never thrown.
 */
export async function auditPublication(directory: string, trustedKeys: readonly KeyObject[], signal?: AbortSignal): Promise<PublicationAudit> {
  const envelope = await readEnvelope(directory, trustedKeys);
  const listed = await readFileList(directory, envelope.statement);
  const { files, others } = await listFiles(directory, signal);
  const problems = [
    ...envelope.problems,
    ...listed.problems,
    ...(listed.files ? compare(listed.files, files) : []),
    ...others.map((path) => problem('unlisted-object', path, 'is a device, pipe or socket')),
  ];
  const sizes = files.entries.flatMap((entry) => (entry.type === 'file' ? [entry.sizeBytes] : []));
  return {
    schema: 'reprise.publication-audit/v1',
    verified: problems.length === 0,
    files: { checked: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) },
    ...(envelope.signedBy ? { signedBy: envelope.signedBy } : {}),
    ...(envelope.statement ? { publication: envelope.statement.predicate } : {}),
    problems,
  };
}

interface Envelope {
  statement?: PublicationStatement;
  signedBy?: PublicationAudit['signedBy'];
  problems: AuditProblem[];
}

async function readEnvelope(directory: string, trustedKeys: readonly KeyObject[]): Promise<Envelope> {
  const path = publishedNames.envelope;
  const bytes = await readIfThere(join(directory, path));
  if (!bytes) return { problems: [problem('missing-object', path, 'is not there: the copy was published without a signing key, or it was taken away')] };
  const envelope = DsseEnvelope.safeParse(parseJson(bytes));
  if (!envelope.success) return { problems: [problem('bad-signature', path, 'is not a DSSE envelope')] };
  const { signedBy, problems } = checkSignature(path, envelope.data, trustedKeys);
  const statement = PublicationStatement.safeParse(parseJson(Buffer.from(envelope.data.payload, 'base64')));
  return {
    ...(signedBy ? { signedBy } : {}),
    ...(statement.success ? { statement: statement.data } : {}),
    problems: [...problems, ...(statement.success ? [] : [problem('bad-signature', path, 'the payload is not a statement about a publication')])],
  };
}

async function readFileList(directory: string, statement: PublicationStatement | undefined): Promise<{ files?: Tree; problems: AuditProblem[] }> {
  const path = publishedNames.files;
  const bytes = await readIfThere(join(directory, path));
  if (!bytes) return { problems: [problem('missing-object', path, 'is not there, so that no file can be told from what was signed')] };
  const files = Tree.safeParse(parseJson(bytes));
  if (!files.success) return { problems: [problem('wrong-hash', path, 'is not a list of files')] };
  const problems = statement ? checkSubjects(statement, hashOf(bytes), files.data) : [];
  // By a list that nobody signed, the wrong files would be accused.
  return problems.length > 0 ? { problems } : { files: files.data, problems };
}

function checkSubjects({ subject, predicate }: PublicationStatement, listSha256: string, files: Tree): AuditProblem[] {
  const signed = subject.find(({ name }) => name === publishedNames.files)?.digest['sha256'];
  if (signed !== listSha256) return [problem('wrong-hash', publishedNames.files, `has the hash ${listSha256}; signed is ${signed ?? 'none'}`)];
  const tree = hashOf(Buffer.from(canonicalJson(subtree(files, publishedNames.tree))));
  if (predicate.tree === undefined || predicate.tree.sha256 === tree) return [];
  return [problem('manifest-mismatch', publishedNames.tree, `the list of files gives the tree ${tree}; the statement says ${predicate.tree.sha256}`)];
}

function compare(listed: Tree, found: Tree): AuditProblem[] {
  // What lists and signs the rest is checked by its own hash and signature.
  const unlisted = new Map(found.entries.filter(({ path }) => path !== publishedNames.files && path !== publishedNames.envelope).map((entry) => [entry.path, entry]));
  const problems = listed.entries.flatMap((entry) => {
    const other = unlisted.get(entry.path);
    unlisted.delete(entry.path);
    return other ? differences(entry, other) : [problem('missing-object', entry.path, `the ${entry.type} is not there`)];
  });
  return [...problems, ...[...unlisted.values()].map(({ path, type }) => problem('unlisted-object', path, `the ${type} was not published: it was added later`))];
}

function differences(listed: TreeEntry, found: TreeEntry): AuditProblem[] {
  const { path } = listed;
  if (listed.type === 'file' && found.type === 'file') {
    if (found.sizeBytes !== listed.sizeBytes) return [problem('wrong-size', path, `has ${found.sizeBytes} bytes, not ${listed.sizeBytes}`)];
    if (found.sha256 !== listed.sha256) return [problem('wrong-hash', path, `has the hash ${found.sha256}, not ${listed.sha256}`)];
    return found.executable === listed.executable ? [] : [problem('wrong-mode', path, found.executable ? 'has become executable' : 'is executable no more')];
  }
  if (found.type !== listed.type) return [problem('wrong-hash', path, `is a ${found.type}, not a ${listed.type}`)];
  return listed.type === 'symlink' && found.type === 'symlink' && listed.target !== found.target ? [problem('wrong-hash', path, `leads to ${found.target}, not to ${listed.target}`)] : [];
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
