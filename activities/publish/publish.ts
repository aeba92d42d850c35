import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { acceptanceOf, canonicalBytes, canonicalJson, limits, type Acceptance, type BlockedItem, type Publication, type ScanReport, type Tree } from '../../domain/index.ts';
import { hashOf } from '../attest/bytes.ts';
import { signStatement } from '../attest/envelope.ts';
import { publicKeyPem, readSigningKey } from '../attest/keys.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { writeTree } from '../io/trees.ts';
import { scanDirectoryInto } from '../scan/directory.ts';
import { gateOfReport } from '../scan/gate.ts';
import { createSession, type ScanOptions, type ScanSession } from '../scan/session.ts';
import { scanTreeInto } from '../scan/tree.ts';
import { listFiles } from './file-list.ts';
import { publishHistory, type PublishedHistory } from './history.ts';
import { placesOf } from './places.ts';
import { createRedact } from './redaction.ts';
import { publicationStatement, publishedNames } from './statement.ts';
import { publishTree } from './tree.ts';

export interface PublishSource {
  origin: string;
  run?: string;
  snapshot?: { sha256: string; store: ObjectStore; tree: Tree };
  /** A repository's own directory (`.git`, or a bare one). */
  gitDirectory?: string;
  /** What the snapshot lacks already, in words. */
  leftOut?: string[];
}

export interface PublishOptions extends ScanOptions {
  accept: readonly Acceptance[];
  /** Signs what was published; needed where something is accepted. */
  signingKeyFile?: string;
  at: string;
}

/**
 * Writes a copy of a submission, and of its history, in which every secret stands as a marker, into a new directory: `tree/`,
 * `history.git/`, `publication.json` with what was replaced where, `files.json` with every file's hash, and a signed statement
 * about them, which `auditPublication` verifies. The copy is scanned, and only what the gate lets through gets its name; otherwise nothing stays and `blocked` says why. Failures: REQUEST_INVALID where the directory holds something,
 * those of `publishHistory`, STORE_UNREACHABLE, STORE_CORRUPT, SIGNING_KEY_MISSING.
 */
export async function publish(source: PublishSource, directory: string, options: PublishOptions): Promise<Publication> {
  await refuseFilled(directory);
  const partial = join(dirname(directory), `.publishing-${randomUUID()}`);
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const publication = await publishInto(source, partial, options);
    if (!publication.published) return publication;
    await describe(publication, partial, options);
    // Nobody else reads it before the gate has let it through; from now on everybody may, as the umask allows.
    await chmod(partial, 0o777 & ~process.umask());
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
    return publication;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function publishInto(source: PublishSource, partial: string, options: PublishOptions): Promise<Publication> {
  const { fingerprintOf } = createSession(options);
  const { redact, known } = createRedact(await secretsOf(source, options), { fingerprintOf, accept: options.accept });
  const { snapshot, gitDirectory } = source;
  const tree = snapshot && (await publishTree(snapshot.store, snapshot.tree, redact));
  if (snapshot && tree) await writeTree(snapshot.store, tree.tree, join(partial, publishedNames.tree));
  const history = gitDirectory === undefined ? undefined : await publishHistory(gitDirectory, join(partial, publishedNames.history), redact, options.signal);
  const session = createSession({ ...options, known });
  await scanDirectoryInto(session, partial);
  const gate = gateOfReport(session.report(), options.accept);
  if (gate.accepted.length > 0 && options.signingKeyFile === undefined) throw failure('SIGNING_KEY_MISSING', 'an accepted finding is only published with a signature');
  return {
    schema: 'reprise.publication/v1',
    source: { origin: source.origin, ...(source.run === undefined ? {} : { run: source.run }), ...(snapshot && { snapshot: snapshot.sha256 }) },
    at: options.at,
    published: gate.open,
    ...(tree && { tree: { files: tree.tree.entries.filter(({ type }) => type === 'file').length, sha256: hashOf(Buffer.from(canonicalJson(tree.tree))) } }),
    ...(history && { history: { objects: history.objects, rewritten: history.rewritten, refs: history.refs } }),
    replaced: [...(tree?.replaced ?? []).map(within(publishedNames.tree)), ...(history?.replaced ?? []).map(within(publishedNames.history))],
    leftOut: [...(source.leftOut ?? []), ...(tree?.leftOut ?? []), ...(history?.leftOut ?? [])],
    accepted: gate.accepted,
    blocked: gate.open ? [] : await blockedBy(session.report(), partial, history, options),
  };
}

/** The values that block, as the original holds them; they stay in memory. What is accepted is no secret. */
async function secretsOf({ snapshot, gitDirectory }: PublishSource, options: PublishOptions): Promise<string[]> {
  const values = new Map<string, string>();
  const { fingerprintOf } = createSession(options);
  const session: ScanSession = createSession(options, (value) => {
    const fingerprint = fingerprintOf(value);
    values.set(fingerprint, value);
    return fingerprint;
  });
  if (snapshot) await scanTreeInto(session, snapshot.store, snapshot.tree);
  if (gitDirectory !== undefined) await scanDirectoryInto(session, gitDirectory);
  const blocking = new Set(session.report().findings.flatMap(({ severity, fingerprint }) => (severity === 'block' && !acceptanceOf(fingerprint, options.accept) ? [fingerprint] : [])));
  const everywhere = [...blocking].map((fingerprint) => values.get(fingerprint) ?? '').filter((value) => value.length >= limits.publishEverywhereCharacters);
  if (everywhere.length > limits.publishValues) throw failure('NOT_PUBLISHABLE', `more than ${limits.publishValues} different secrets: this is no submission to publish`);
  return everywhere;
}

/** What is still found in the copy, with why it was not replaced. */
async function blockedBy(report: ScanReport, partial: string, history: PublishedHistory | undefined, { accept, signal }: PublishOptions): Promise<BlockedItem[]> {
  const left = report.findings.filter(({ severity, fingerprint }) => severity === 'block' && !acceptanceOf(fingerprint, accept));
  const objects = new Set(left.flatMap(({ within: [object] = [] }) => (object?.startsWith('blob ') ? [object.slice('blob '.length)] : [])));
  const places = history ? await placesOf(join(partial, publishedNames.history), objects, signal) : new Map<string, never>();
  const items = left.map(({ path, within: around = [], rule, fingerprint, line }): BlockedItem => {
    const inHistory = path === publishedNames.history && around[0] !== undefined;
    const packed = inHistory ? around.slice(1) : around;
    const [place] = inHistory ? (places.get(around[0]?.replace('blob ', '') ?? '') ?? []) : [];
    const shown = inHistory ? `${publishedNames.history}/${place ? `${place.path} (commit ${place.commits[0]})` : around[0]}` : path;
    const what = packed.some((name) => name !== 'decoded') ? `in an archive (${packed.join(' > ')})` : line === undefined ? 'in a binary file' : 'in a text larger than is rewritten';
    return { path: shown, rule, reason: `${what}, which is never patched`, fingerprint };
  });
  const unread = gateOfReport({ ...report, findings: [] }, accept).closedBecause;
  return [...items, ...unread.map(({ place, fingerprint }) => ({ path: '', rule: 'unread', reason: `not read: ${place}`, ...(fingerprint !== undefined && { fingerprint }) }))];
}

function within(directory: string): <Placed extends { path: string }>(each: Placed) => Placed {
  return (each) => ({ ...each, path: `${directory}/${each.path}` });
}

/** Lists what was written, and signs the list; the public key lies beside it for readers who have it confirmed by another way. */
async function describe(publication: Publication, partial: string, { signingKeyFile, signal }: PublishOptions): Promise<void> {
  const key = signingKeyFile === undefined ? undefined : await readSigningKey(signingKeyFile);
  await writeFile(join(partial, publishedNames.report), `${JSON.stringify(publication, null, 1)}\n`);
  if (key) await writeFile(join(partial, publishedNames.key), publicKeyPem(key.publicKey));
  const { files } = await listFiles(partial, signal);
  await writeFile(join(partial, publishedNames.files), canonicalBytes(files));
  if (key) await writeFile(join(partial, publishedNames.envelope), canonicalBytes(signStatement(publicationStatement(publication, files), key)));
}

async function refuseFilled(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw failure('REQUEST_INVALID', `publishing into ${directory}: ${error.message}`, { cause: error });
  });
  if (entries.length > 0) throw failure('REQUEST_INVALID', `${directory} is not empty; name a new directory`);
}
