import { appendFileSync, chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signStatement } from '../../../activities/attest/envelope.ts';
import type { SigningKey } from '../../../activities/attest/keys.ts';
import { auditPublication, isPublication } from '../../../activities/audit/publication.ts';
import { canonicalBytes, DsseEnvelope, PublicationAudit, PublicationStatement, Tree } from '../../../domain/index.ts';
import { newSigningKey } from '../../fakes/attested-run.ts';
import { useWorkplace } from '../publish/source.ts';
import { fakes } from '../scan/examples.ts';

let key: SigningKey & { file: string };
let strange: SigningKey & { file: string };
beforeAll(async () => void ([key, strange] = await Promise.all([newSigningKey(), newSigningKey()])));

const place = useWorkplace();
const at = (name: string): string => join(place.target, name);
const audit = async (trusted = key): Promise<PublicationAudit> => PublicationAudit.parse(await auditPublication(place.target, [trusted.publicKey]));
const found = ({ problems }: PublicationAudit): string[] => problems.map(({ code, path }) => `${code} ${path}`);

function flip(path: string): void {
  const bytes = readFileSync(at(path));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  chmodSync(at(path), 0o644);
  writeFileSync(at(path), bytes);
}

function changeStatement(change: (statement: PublicationStatement) => PublicationStatement, signer?: SigningKey): void {
  const envelope = DsseEnvelope.parse(JSON.parse(readFileSync(at('publication.dsse.json'), 'utf8')));
  const statement = change(PublicationStatement.parse(JSON.parse(Buffer.from(envelope.payload, 'base64').toString())));
  const changed = signer ? signStatement(statement, signer) : { ...envelope, payload: Buffer.from(canonicalBytes(statement)).toString('base64') };
  writeFileSync(at('publication.dsse.json'), canonicalBytes(changed));
}

beforeEach(() => {
  place.git('init', '-q');
  place.write('train.py', `login("${fakes.huggingFace()}")\n`);
  place.write('run.sh', 'echo');
  mkdirSync(join(place.source, 'empty'));
  chmodSync(join(place.source, 'run.sh'), 0o755);
  symlinkSync('run.sh', join(place.source, 'start'));
  place.commit('one');
});

describe.each([
  ['of files', () => place.publishTree([], key.file), 'tree/train.py'],
  ['of a history', () => place.publishHistory([], key.file), 'history.git/HEAD'],
])('a publication %s', (_, publish, file) => {
  test('that nobody touched verifies, and says what was changed in it', async () => {
    const { replaced } = await publish();
    expect(isPublication(place.target)).toBe(true);
    expect(await audit()).toMatchObject({ verified: true, problems: [], signedBy: { keyid: key.keyid, trusted: true }, publication: { replaced } });
    expect(replaced).toHaveLength(1);
  });

  test.each([
    ['a byte of a file', () => flip(file), [`wrong-hash ${file}`]],
    ['the length of a file', () => appendFileSync(at(file), '\n'), [`wrong-size ${file}`]],
    ['the mode of a file', () => chmodSync(at(file), 0o755), [`wrong-mode ${file}`]],
    ['a file, which is gone', () => rmSync(at(file)), [`missing-object ${file}`]],
    ['a file, which is a link now', () => (rmSync(at(file)), symlinkSync('/etc/hostname', at(file))), [`wrong-hash ${file}`]],
    ['what it holds: a file more', () => writeFileSync(at(`${file}.orig`), 'x'), [`unlisted-object ${file}.orig`]],
    ['what stands beside it', () => writeFileSync(at('README'), 'x'), ['unlisted-object README']],
    ['the report of what was replaced', () => flip('publication.json'), ['wrong-hash publication.json']],
    ['the list of files', () => flip('files.json'), ['wrong-hash files.json']],
    ['the list of files, which is gone', () => rmSync(at('files.json')), ['missing-object files.json']],
    ['the statement', () => changeStatement((statement) => ({ ...statement, predicate: { ...statement.predicate, replaced: [] } })), ['bad-signature publication.dsse.json']],
    ['the statement, by a stranger who signs it', () => changeStatement((statement) => statement, strange), ['untrusted-key publication.dsse.json']],
    ['the statement, by a stranger who signs it with our name', () => changeStatement((statement) => statement, { ...strange, keyid: key.keyid }), ['bad-signature publication.dsse.json']],
    ['the envelope, which is none', () => writeFileSync(at('publication.dsse.json'), '{}'), ['bad-signature publication.dsse.json']],
    ['the envelope, which is gone', () => rmSync(at('publication.dsse.json')), ['missing-object publication.dsse.json']],
  ])('with a change of %s does not verify, names it and what to do', async (_what, change, expected) => {
    await publish();
    change();
    const report = await audit();
    expect(report.verified).toBe(false);
    expect(found(report)).toEqual(expected);
    for (const { nextStep } of report.problems) expect(nextStep).not.toBe('');
  });
});

test('every single file of a history is held: objects, refs and configuration', async () => {
  await place.publishHistory([], key.file);
  const files = Tree.parse(JSON.parse(readFileSync(at('files.json'), 'utf8'))).entries.filter(({ type }) => type === 'file').map(({ path }) => path);
  expect(files).toEqual(expect.arrayContaining(['history.git/config', 'history.git/refs/heads/main', expect.stringMatching(/\.pack$/)]));
  for (const path of files) flip(path);
  expect(found(await audit()).toSorted()).toEqual(files.map((path) => `wrong-hash ${path}`).toSorted());
});

test('who trusts another key is told whose the signature is', async () => {
  await place.publishTree([], key.file);
  expect(await audit(strange)).toMatchObject({ verified: false, signedBy: { keyid: key.keyid, trusted: false }, problems: [{ code: 'untrusted-key', nextStep: expect.stringContaining('--key') }] });
});

test('a statement whose tree is not the listed one does not hold, whoever signs it', async () => {
  await place.publishTree([], key.file);
  changeStatement((statement) => ({ ...statement, predicate: { ...statement.predicate, tree: { files: 3, sha256: 'a'.repeat(64) } } }), key);
  expect(found(await audit())).toEqual(['manifest-mismatch tree']);
});

test('without a signing key nothing can be verified, and it is said', async () => {
  await place.publishTree();
  expect(readdirSync(place.target).toSorted()).toEqual(['files.json', 'publication.json', 'tree']);
  expect(await audit()).toMatchObject({ verified: false, problems: [{ code: 'missing-object', message: expect.stringContaining('without a signing key') }] });
});
